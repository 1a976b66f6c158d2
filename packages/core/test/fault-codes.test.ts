import { describe, expect, it } from "vitest";
import { commonFaultCodes, Fault, type FaultCode, faultCodes, faultMeaning, type Layer, Reader } from "../src/index.ts";

describe("the codes of Faults", () => {
  it("the compiler takes a layer's own codes and the common ones, and no other", () => {
    new Fault("no-answer", "none came", { layer: "hdlc", hint: "is the address right?" });
    new Fault("truncated", "the frame is cut", { layer: "hdlc" });
    new Fault("bad-logical-name", "no layer is core");
    const code = Math.random() < 2 ? "no-answer" : "link-refused";
    new Fault(code, "either", { layer: "hdlc" });
    // @ts-expect-error a code of another layer
    new Fault("no-answer", "none came", { layer: "wrapper" });
    // @ts-expect-error a code that does not exist
    new Fault("no-such-code", "x", { layer: "hdlc" });
    // @ts-expect-error a code that does not exist, in the layer core
    new Fault("no-such-code", "x");
    // @ts-expect-error one of two does not exist
    new Fault(Math.random() < 2 ? "no-answer" : "no-such-code", "x", { layer: "hdlc" });
    const anything: string = "no-such-code";
    // @ts-expect-error a code that the compiler does not know
    new Fault(anything, "x", { layer: "hdlc" });
    // @ts-expect-error the Reader's own way to make one
    new Reader(new Uint8Array(0)).fault("no-such-code", "x");
    expect(new Fault("no-answer", "none came", { layer: "hdlc" })).toMatchObject({ code: "no-answer", layer: "hdlc" });
  });

  it("a layer of one's own takes any code, and a Fault can be raised again as it is", () => {
    const fault = new Fault("pump-blocked", "water", { layer: "acme-pump" });
    expect(fault).toMatchObject({ code: "pump-blocked", layer: "acme-pump" });
    expect(new Fault(fault.code, fault.message, { layer: fault.layer })).toMatchObject({ layer: "acme-pump" });
    expect(faultMeaning(fault)).toBeUndefined();
  });

  it("gives the meaning of each code of each layer", () => {
    for (const layer of Object.keys(faultCodes) as Layer[]) {
      for (const [code, meaning] of Object.entries(faultCodes[layer]))
        expect(faultMeaning({ layer, code })).toBe(meaning);
      for (const [code, meaning] of Object.entries(commonFaultCodes)) {
        if (!Object.hasOwn(faultCodes[layer], code)) expect(faultMeaning({ layer, code })).toBe(meaning);
      }
      expect(faultMeaning({ layer, code: "toString" })).toBeUndefined();
    }
    expect(faultMeaning({ layer: "toString", code: "truncated" })).toBe(commonFaultCodes.truncated);
    const code: FaultCode<"wrapper"> = "bad-version";
    expect(faultMeaning({ layer: "wrapper", code })).toContain("wrapper");
  });
});

import { T } from "@dlmskit/apdu";
import { describe, expect, it } from "vitest";
import {
  dataObject,
  type ImageTransfer,
  type ImageTransferOptions,
  imageTransfer,
  keepsChanges,
  refuse,
  refuseAndKeep,
  ImageTransferStatus as Status,
  type Values,
} from "../../src/index.ts";
import { codeOf, contextOf } from "../a-context.ts";
import { Life } from "./a-life.ts";

const text = (value: string) => new TextEncoder().encode(value);
const image = Uint8Array.from({ length: 10 }, (_, at) => at + 1);
const blocks = [image.subarray(0, 4), image.subarray(4, 8), image.subarray(8)];

const resultOf = (run: () => unknown): string => {
  const code = codeOf(run);
  return code === "nothing thrown" ? "success" : code;
};

function meter(options: ImageTransferOptions = {}, by?: { self: "script" }) {
  const version = dataObject("1.0.0.2.0.255", { type: T.octetString, value: text("old") });
  const transfer = imageTransfer("0.0.44.0.0.255", { blockSize: 4, firmware: "1-0:0.2.0", ...options });
  const context = contextOf([transfer, version], by === undefined ? {} : { by });
  const { values, hooks } = transfer;
  const of = Object.create(context, { object: { value: transfer } }) as typeof context;
  const invoke = hooks.invoke ?? {};
  return {
    values,
    version: () => new TextDecoder().decode(version.values.value),
    context,
    initiate: (identifier = "new", imageSize = image.length) =>
      resultOf(() => invoke.imageTransferInitiate?.(values, { imageIdentifier: text(identifier), imageSize }, of)),
    block: (imageBlockNumber: number, imageBlockValue = blocks[imageBlockNumber] ?? image) =>
      resultOf(() => invoke.imageBlockTransfer?.(values, { imageBlockNumber, imageBlockValue }, of)),
    verify: () => resultOf(() => invoke.imageVerify?.(values, 0, of)),
    activate: () => resultOf(() => invoke.imageActivate?.(values, 0, of)),
    enable: (enabled: boolean) => hooks.write?.imageTransferEnabled?.(values, enabled, of),
    blockSize: (size: number) => resultOf(() => hooks.write?.imageBlockSize?.(values, size, of)),
  };
}

/** A meter in a status, with all blocks there unless told otherwise; the image is good unless told otherwise. */
function meterIn(status: number, { complete = true, good = true }: { complete?: boolean; good?: boolean } = {}) {
  const made = meter({ verify: () => good });
  if (status === Status.imageTransferNotInitiated) return made;
  made.initiate();
  for (const [number] of blocks.entries()) if (complete || number !== 1) made.block(number);
  made.values.imageTransferStatus = status as Values<typeof ImageTransfer>["imageTransferStatus"];
  return made;
}

describe("Image transfer", () => {
  // What each method does in each status: its result, and the status then.
  const table: { readonly [status: number]: readonly string[] } = {
    0: ["initiate success 1", "block other-reason 0", "verify other-reason 0", "activate other-reason 0"],
    1: ["initiate success 1", "block success 1", "verify success 3", "activate success 6"],
    2: [
      "initiate temporary-failure 2",
      "block other-reason 2",
      "verify temporary-failure 2",
      "activate temporary-failure 2",
    ],
    3: ["initiate success 1", "block other-reason 3", "verify success 3", "activate success 6"],
    4: ["initiate success 1", "block success 1", "verify success 3", "activate success 6"],
    5: [
      "initiate temporary-failure 5",
      "block other-reason 5",
      "verify other-reason 5",
      "activate temporary-failure 5",
    ],
    6: ["initiate success 1", "block other-reason 6", "verify other-reason 6", "activate success 6"],
    7: ["initiate success 1", "block other-reason 7", "verify success 3", "activate success 6"],
  };
  it.each(Object.keys(table).map(Number))("15 and O11: in status %i each method does what the table says", (status) => {
    const seen = (["initiate", "block", "verify", "activate"] as const).map((method) => {
      const made = meterIn(status);
      const result = method === "block" ? made.block(0) : made[method]();
      return `${method} ${result} ${made.values.imageTransferStatus}`;
    });
    expect(seen).toEqual(table[status]);
  });

  it("15.1: nothing is done while image transfer is not enabled, and the status stays", () => {
    for (const status of Object.keys(table).map(Number)) {
      const made = meterIn(status);
      made.values.imageTransferEnabled = false;
      expect([made.initiate(), made.block(0), made.verify(), made.activate()]).toEqual(
        Array(4).fill("read-write-denied"),
      );
      expect(made.values.imageTransferStatus).toBe(status);
    }
  });

  it("15.1: disabled, what goes on ends, and the blocks stay", () => {
    for (const [status, then] of [
      [2, 1],
      [5, 3],
      [1, 1],
      [6, 6],
    ] as const) {
      const made = meterIn(status);
      made.enable(false);
      expect([made.values.imageTransferStatus, made.values.imageTransferredBlocksStatus]).toEqual([then, "111"]);
    }
  });

  it("15.2: a block out of range or of another length is refused and sets no bit; the last has the rest", () => {
    const made = meter();
    made.initiate();
    expect([made.block(3), made.block(0, image.subarray(0, 3)), made.block(2, image.subarray(0, 4))]).toEqual(
      Array(3).fill("other-reason"),
    );
    expect(made.values.imageTransferredBlocksStatus).toBe("000");
    expect(made.block(2)).toBe("success");
    expect(made.values.imageTransferredBlocksStatus).toBe("001");
  });

  it("15.2: blocks come in any order and more than once: the image is that of the first of each", () => {
    let verified: Uint8Array | undefined;
    const made = meter({
      verify({ octets }) {
        verified = octets;
        return true;
      },
    });
    made.initiate();
    for (const number of [2, 0, 2, 1, 0]) expect(made.block(number)).toBe("success");
    expect(made.block(0, Uint8Array.of(9, 9, 9, 9))).toBe("success");
    expect(made.verify()).toBe("success");
    expect(verified).toEqual(image);
  });

  it("15.3 and 15.4: block 0 is the first bit; the first block that is missing is no count, and complete it is that of the blocks", () => {
    const made = meter();
    made.initiate();
    const seen = [1, 2, 0].map((number) => {
      made.block(number);
      return [made.values.imageTransferredBlocksStatus, made.values.imageFirstNotTransferredBlockNumber];
    });
    expect(seen).toEqual([
      ["010", 0],
      ["011", 0],
      ["111", 3],
    ]);
  });

  it("15.5: initiate starts anew, with the same identifier, too", () => {
    const made = meterIn(Status.imageVerificationSuccessful);
    made.values.imageToActivateInfo = [
      { imageToActivateSize: 1, imageToActivateIdentification: text("x"), imageToActivateSignature: text("") },
    ];
    expect(made.initiate()).toBe("success");
    const { imageTransferredBlocksStatus, imageFirstNotTransferredBlockNumber, imageToActivateInfo } = made.values;
    expect([imageTransferredBlocksStatus, imageFirstNotTransferredBlockNumber]).toEqual(["000", 0]);
    expect(imageToActivateInfo).toEqual([]);
    expect(made.verify()).toBe("other-reason");
  });

  it("15.5: an image that is empty, too large, of too many blocks or of an unknown identifier is refused, and nothing changes", () => {
    const made = meter({ largestImage: 300_000, accepts: (identifier) => identifier.length === 3 });
    made.initiate();
    made.block(0);
    expect([made.initiate("new", 0), made.initiate("new", 300_001), made.initiate("other")]).toEqual(
      Array(3).fill("other-reason"),
    );
    expect(made.initiate("new", 65_536 * 4 + 1)).toBe("other-reason");
    expect(made.values.imageTransferredBlocksStatus).toBe("100");
    expect(made.initiate("new", 65_536 * 4)).toBe("success");
  });

  it("15.6: an image that is not whole is not verified, nor activated", () => {
    for (const status of [1, 4]) {
      const made = meterIn(status, { complete: false });
      expect([made.verify(), made.activate(), made.values.imageTransferStatus]).toEqual([
        "other-reason",
        "other-reason",
        status,
      ]);
    }
  });

  it("15.6: a bad image is refused with status 4, also where activate verifies first, and the status is kept", () => {
    for (const method of ["verify", "activate"] as const) {
      const made = meterIn(Status.imageTransferInitiated, { good: false });
      expect([made[method](), made.values.imageTransferStatus]).toEqual([
        "other-reason",
        Status.imageVerificationFailed,
      ]);
      expect([made.version(), made.values.imageToActivateInfo]).toEqual(["old", []]);
    }
  });

  it("15: after a failed verification blocks are taken again, and replace those that were there, so many times", () => {
    const made = meter({ verify: ({ octets }) => octets.every((octet, at) => octet === at + 1) });
    made.initiate();
    made.block(0, Uint8Array.of(1, 2, 3, 9));
    made.block(1, Uint8Array.of(5, 6, 7, 9));
    made.block(2);
    expect([made.verify(), made.values.imageTransferStatus]).toEqual(["other-reason", 4]);
    expect([made.block(0), made.values.imageTransferStatus, made.block(1)]).toEqual(["success", 1, "success"]);
    expect([made.verify(), made.values.imageTransferStatus]).toEqual(["success", 3]);
    const again = meterIn(Status.imageVerificationFailed);
    expect([again.block(0), again.block(0), again.block(0), again.block(0)]).toEqual([
      ...Array(3).fill("success"),
      "other-reason",
    ]);
  });

  it("15.7: image_to_activate_info tells what was verified, or what the meter's verification says", () => {
    const made = meterIn(Status.imageTransferInitiated);
    made.verify();
    expect(made.values.imageToActivateInfo).toEqual([
      { imageToActivateSize: 10, imageToActivateIdentification: text("new"), imageToActivateSignature: text("") },
    ]);
    const parts = ["a", "b"].map((name) => ({
      imageToActivateSize: 5,
      imageToActivateIdentification: text(name),
      imageToActivateSignature: text("s"),
    }));
    const several = meter({ verify: () => parts });
    several.initiate();
    for (const number of [0, 1, 2]) several.block(number);
    several.verify();
    expect(several.values.imageToActivateInfo).toEqual(parts);
  });

  it("15.8: activation shows the new firmware version; one that fails leaves the old one", () => {
    const made = meterIn(Status.imageVerificationSuccessful);
    expect([made.activate(), made.version()]).toEqual(["success", "new"]);
    for (const activate of [
      () => false,
      () => {
        throw new Error("flash");
      },
    ]) {
      const failing = meter({ activate });
      failing.initiate();
      for (const number of [0, 1, 2]) failing.block(number);
      expect([failing.activate(), failing.values.imageTransferStatus, failing.version()]).toEqual([
        "other-reason",
        Status.imageActivationFailed,
        "old",
      ]);
    }
  });

  it("15.6, 1.2: what takes time is answered with temporary-failure, whose changes stay; for the meter itself it is done", () => {
    const client = meter({ verificationTime: 30 });
    client.initiate();
    for (const number of [0, 1, 2]) client.block(number);
    expect([client.verify(), client.values.imageTransferStatus]).toEqual(["temporary-failure", 2]);
    expect(keepsChanges(refuseAndKeep("temporary-failure"))).toBe(true);
    expect(keepsChanges(refuse("temporary-failure"))).toBe(false);
    const itself = meter({ verificationTime: 30 }, { self: "script" });
    itself.initiate();
    for (const number of [0, 1, 2]) itself.block(number);
    expect([itself.verify(), itself.values.imageTransferStatus]).toEqual(["success", 2]);
    const soon = meter({ activationTime: 30, activationAnswer: "success" });
    soon.initiate();
    for (const number of [0, 1, 2]) soon.block(number);
    expect([soon.activate(), soon.values.imageTransferStatus, soon.version()]).toEqual(["success", 5, "old"]);
  });

  it("the block size stays while an image is transferred", () => {
    const made = meter();
    expect([made.blockSize(0), made.blockSize(65_521), made.blockSize(8)]).toEqual([
      "other-reason",
      "other-reason",
      "success",
    ]);
    made.initiate();
    expect([made.blockSize(4), made.values.imageBlockSize]).toEqual(["other-reason", 8]);
    for (const options of [
      { blockSize: 0 },
      { blockSize: 1.5 },
      { verificationTime: -1 },
      { activationTime: Number.NaN },
    ]) {
      expect(codeOf(() => imageTransfer("0.0.44.0.0.255", options))).toBe("bad-value");
    }
  });
});

describe("Image transfer in time", () => {
  const start = "2026-03-02 10:00";

  /** A meter whose image is complete. */
  function living(options: ImageTransferOptions, by: { self: "time" } | undefined = undefined) {
    const version = dataObject("1.0.0.2.0.255", { type: T.visibleString, value: "old" });
    const transfer = imageTransfer("0.0.44.0.0.255", { blockSize: 4, firmware: "1-0:0.2.0", ...options });
    const life = new Life([transfer, version], start);
    const { values, hooks } = transfer;
    const invoke = hooks.invoke ?? {};
    const context = () =>
      Object.create(life.of(transfer), by === undefined ? { by: { value: { client: 1, association: "a" } } } : {});
    invoke.imageTransferInitiate?.(values, { imageIdentifier: text("new"), imageSize: 10 }, context());
    for (const [imageBlockNumber, imageBlockValue] of blocks.entries()) {
      invoke.imageBlockTransfer?.(values, { imageBlockNumber, imageBlockValue }, context());
    }
    return {
      life,
      values,
      version: () => version.values.value,
      verify: () => resultOf(() => invoke.imageVerify?.(values, 0, context())),
      activate: () => resultOf(() => invoke.imageActivate?.(values, 0, context())),
    };
  }

  it("15.6: verification and activation end when their time is over", () => {
    const { life, values, version, activate } = living({ verificationTime: 60, activationTime: 120 });
    expect(activate()).toBe("temporary-failure");
    life.until("2026-03-02 10:00:59");
    expect([values.imageTransferStatus, activate()]).toEqual([2, "temporary-failure"]);
    life.until("2026-03-02 10:01");
    expect([values.imageTransferStatus, activate(), version()]).toEqual([5, "temporary-failure", "old"]);
    life.until("2026-03-02 10:03");
    expect([values.imageTransferStatus, activate(), version()]).toEqual([6, "success", "new"]);
  });

  it("15.6: an image that turns out bad is not activated", () => {
    const { life, values, version, activate } = living({ verificationTime: 60, verify: () => false });
    activate();
    life.until("2026-03-02 10:02");
    expect([values.imageTransferStatus, version()]).toEqual([4, "old"]);
  });

  it("15.9: a power failure ends verification with 1 and activation with 7; resumed, they take their time again", () => {
    for (const [method, expected] of [
      ["verify", 1],
      ["activate", 7],
    ] as const) {
      const { life, values, version, ...does } = living({
        verificationTime: method === "verify" ? 60 : 0,
        activationTime: 60,
      });
      does[method]();
      life.noPowerUntil("2026-03-02 12:00");
      expect([values.imageTransferStatus, version()]).toEqual([expected, "old"]);
      life.until("2026-03-03 12:00");
      expect(values.imageTransferStatus).toBe(expected);
    }
    const { life, values, verify } = living({ verificationTime: 60, interrupted: "resumes" });
    verify();
    life.noPowerUntil("2026-03-02 12:00");
    expect(values.imageTransferStatus).toBe(2);
    life.until("2026-03-02 12:01");
    expect(values.imageTransferStatus).toBe(3);
  });

  it("15.9: a power failure leaves statuses 1, 3, 4, 6 and 7 with their blocks", () => {
    for (const status of [1, 3, 4, 6, 7] as const) {
      const { life, values } = living({});
      values.imageTransferStatus = status;
      life.noPowerUntil("2026-03-02 12:00");
      expect([values.imageTransferStatus, values.imageTransferredBlocksStatus]).toEqual([status, "111"]);
    }
  });

  it("1.3: durations do not depend on the clock: set meanwhile, what goes on takes as long as it would", () => {
    for (const to of ["2026-03-02 08:00", "2026-03-02 12:00"]) {
      const { life, values, verify } = living({ verificationTime: 60 });
      verify();
      life.setClock(to);
      expect(values.imageTransferStatus).toBe(2);
      life.until(life.at(to) + 59_999);
      expect(values.imageTransferStatus).toBe(2);
      life.until(life.at(to) + 60_000);
      expect(values.imageTransferStatus).toBe(3);
    }
  });
});

import { describe, expect, it } from "vitest";
import { CounterBook } from "../src/security/key-counters.ts";

describe("the counter of a client", () => {
  const client = 48;

  it("is offered again as one that may be kept already, after a commit that failed, until it has moved", () => {
    const counters = new CounterBook("TST0000000000001", 0).of(new Uint8Array(16));
    expect(counters.unsaved(client)).toBeUndefined();
    counters.guard(client).accept(7);
    const first = { keyId: counters.keyId, peer: "client 48", counter: 7 };
    expect(counters.unsaved(client)).toEqual(first);
    counters.failed(client, first);
    expect(counters.unsaved(client)).toEqual({ ...first, again: true });
    counters.guard(client).accept(8);
    expect(counters.unsaved(client)).toEqual({ ...first, counter: 8 });
    counters.saved(client, { ...first, counter: 8 });
    expect(counters.unsaved(client)).toBeUndefined();
  });
});

import { describe, expect, it } from "vitest";
import type { Message } from "../tables/message-queue.ts";
import { expectFault, key, type OpenStore, withStore } from "./harness.ts";

function message(priority: number, scheduledTime: number): Message {
  return {
    messageType: "push",
    priority,
    payload: key(priority, 40),
    destination: "tcp://127.0.0.1:4059",
    scheduledTime,
  };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function messageQueueSuite(open: OpenStore): void {
  describe("messageQueue", () => {
    it("gives the higher priority first, then the oldest that is due", () =>
      withStore(open, async ({ messageQueue }) => {
        expect(await messageQueue.nextDue()).toBeUndefined();
        const ids = await messageQueue.enqueue([
          message(1, 300),
          message(1, 100),
          message(9, 500),
          message(1, 200),
          message(9, 900),
        ]);
        expect(await messageQueue.nextDue()).toBe(100);
        const claimed = await messageQueue.claim({ now: 500, limit: 10 });
        expect(claimed.map(({ id }) => id)).toEqual([ids[2], ids[1], ids[3], ids[0]]);
        expect(claimed[0]).toMatchObject({ ...message(9, 500), status: "PROCESSING", retryCount: 0 });
        expect(await messageQueue.claim({ now: 500 })).toEqual([]);
        expect((await messageQueue.claim({ now: 900 })).map(({ id }) => id)).toEqual([ids[4]]);
        await expectFault(messageQueue.enqueue([message(0, 0), { ...message(0, 0), messageType: "" }]), "bad-value", [
          "message_queue",
          "message_type",
        ]);
        expect(await messageQueue.counts()).toEqual({ PENDING: 0, PROCESSING: 5, SENT: 0, FAILED: 0 });
      }));

    it("completes and forgets", () =>
      withStore(open, async ({ messageQueue }) => {
        await messageQueue.enqueue([message(0, 0)]);
        const [claimed] = await messageQueue.claim({ now: 10 });
        if (claimed === undefined) throw new Error("nothing was due");
        expect(await messageQueue.complete({ ...claimed, lease: claimed.lease + 1 }, 20)).toBe(false);
        expect(await messageQueue.complete(claimed, 20)).toBe(true);
        expect(await messageQueue.complete(claimed, 30)).toBe(false);
        expect(await messageQueue.get(claimed.id)).toMatchObject({ status: "SENT", completedTime: 20 });
        expect(await messageQueue.forget(20)).toBe(0);
        expect(await messageQueue.forget(21)).toBe(1);
        expect(await messageQueue.get(claimed.id)).toBeUndefined();
      }));

    it("completes many at once, but for those that are another worker's", () =>
      withStore(open, async ({ messageQueue }) => {
        const ids = await messageQueue.enqueue([message(0, 0), message(0, 1), message(0, 2), message(0, 3)]);
        const [first, second, third] = await messageQueue.claim({ now: 10, limit: 3 });
        if (first === undefined || second === undefined || third === undefined) throw new Error("nothing was due");
        const lost = { id: second.id, lease: second.lease + 1000 };
        const never = { id: ids[3] as number, lease: first.lease };
        expect([...(await messageQueue.completeAll([third, lost, first, never], 20))].sort()).toEqual([ids[0], ids[2]]);
        expect(await messageQueue.completeAll([third, first], 30)).toEqual([]);
        expect(await messageQueue.completeAll([], 30)).toEqual([]);
        expect(await messageQueue.get(third.id)).toMatchObject({ status: "SENT", completedTime: 20 });
        expect(await messageQueue.counts()).toEqual({ PENDING: 1, PROCESSING: 1, SENT: 2, FAILED: 0 });
      }));

    it("backs off, and fails in the end", () =>
      withStore(open, async ({ messageQueue }) => {
        const [id = 0] = await messageQueue.enqueue([message(0, 0)]);
        const failure = { error: "refused", maxAttempts: 3, backOffMs: 100 };
        for (const [now, next] of [
          [1000, 1100],
          [2000, 2200],
        ] as const) {
          const [claimed] = await messageQueue.claim({ now });
          if (claimed === undefined) throw new Error("nothing was due");
          expect(await messageQueue.fail(claimed, { now, ...failure })).toBe("PENDING");
          expect(await messageQueue.get(id)).toMatchObject({
            status: "PENDING",
            scheduledTime: next,
            lastError: "refused",
          });
          expect(await messageQueue.claim({ now: next - 1 })).toEqual([]);
        }
        const [last] = await messageQueue.claim({ now: 2200 });
        if (last === undefined) throw new Error("nothing was due");
        expect(last.retryCount).toBe(2);
        expect(await messageQueue.fail(last, { now: 2300, ...failure })).toBe("FAILED");
        expect(await messageQueue.fail(last, { now: 2300, ...failure })).toBeUndefined();
        expect(await messageQueue.get(id)).toMatchObject({ status: "FAILED", retryCount: 3, completedTime: 2300 });
        expect(await messageQueue.claim({ now: 1e12 })).toEqual([]);
        expect(await messageQueue.counts()).toEqual({ PENDING: 0, PROCESSING: 0, SENT: 0, FAILED: 1 });
      }));

    it("is due again when the sender says so, and when it was not tried", () =>
      withStore(open, async ({ messageQueue }) => {
        const [id = 0] = await messageQueue.enqueue([message(0, 0)]);
        const claim = async (now: number) => {
          const [claimed] = await messageQueue.claim({ now });
          if (claimed === undefined) throw new Error("nothing was due");
          return claimed;
        };
        const first = await claim(0);
        expect(await messageQueue.fail(first, { now: 5, error: "refused", maxAttempts: 1, again: 77 })).toBe("PENDING");
        expect(await messageQueue.nextDue()).toBe(77);
        const second = await claim(77);
        expect(await messageQueue.postpone({ ...second, lease: second.lease + 1 }, 90)).toBe(false);
        expect(await messageQueue.postpone(second, 90)).toBe(true);
        expect(await messageQueue.postpone(second, 91)).toBe(false);
        expect(await messageQueue.get(id)).toMatchObject({ status: "PENDING", retryCount: 1, scheduledTime: 90 });
        expect(await messageQueue.claim({ now: 89 })).toEqual([]);
        const third = await claim(90);
        expect(third.retryCount).toBe(1);
        expect(await messageQueue.fail(third, { now: 95, error: "refused", maxAttempts: 1 })).toBe("FAILED");
      }));

    it("hastens what is due later, once", () =>
      withStore(open, async ({ messageQueue }) => {
        const ids = await messageQueue.enqueue([message(1, 900), message(1, 5000), message(1, 6000), message(1, 7000)]);
        const [first] = await messageQueue.claim({ now: 900 });
        await messageQueue.hasten([ids[0] as number, ids[2] as number, ids[3] as number, 4711], 1000);
        expect(await messageQueue.nextDue()).toBe(1000);
        expect((await messageQueue.claim({ now: 1000, limit: 9 })).map(({ id }) => id)).toEqual([ids[2], ids[3]]);
        expect((await messageQueue.claim({ now: 9000, limit: 9 })).map(({ id }) => id)).toEqual([ids[1]]);
        expect(first?.id).toBe(ids[0]);
        expect(await messageQueue.get(ids[0] as number)).toMatchObject({ status: "PROCESSING", scheduledTime: 900 });
      }));

    it("keeps whose message it is", () =>
      withStore(open, async ({ messageQueue }) => {
        const source = { meterId: "m", logicalDevice: 1, classId: 40, instanceId: "0.0.25.9.0.255", clientId: 48 };
        const ids = await messageQueue.enqueue([message(2, 0), { ...message(1, 0), ...source }]);
        expect((await messageQueue.claim({ now: 0, limit: 2 })).map(({ id, meterId }) => [id, meterId])).toEqual([
          [ids[0], undefined],
          [ids[1], "m"],
        ]);
        expect(await messageQueue.get(ids[1] as number)).toMatchObject(source);
        expect(Object.keys((await messageQueue.get(ids[0] as number)) ?? {})).not.toContain("meterId");
      }));

    it("keeps of an error what every store can keep", () =>
      withStore(open, async ({ messageQueue }) => {
        const [id = 0] = await messageQueue.enqueue([message(0, 0)]);
        const fail = async (error: string) => {
          const [claimed] = await messageQueue.claim({ now: 1e12 });
          if (claimed === undefined) throw new Error("nothing was due");
          await messageQueue.fail(claimed, { now: 0, error });
          return (await messageQueue.get(id))?.lastError;
        };
        expect(await fail("\0no\0 route\ud800")).toBe("no route\ufffd");
        // The limit is in characters, not in UTF-16 units.
        expect(await fail(`${"\u{1f50c}".repeat(999)}ab`)).toBe(`${"\u{1f50c}".repeat(999)}a`);
      }));

    it("gives a message whose worker died to another, and hears no more of the first", () =>
      withStore(open, async ({ messageQueue }) => {
        await messageQueue.enqueue([message(0, 0)]);
        const [first] = await messageQueue.claim({ now: 0, leaseMs: 1 });
        await pause(20);
        const [second] = await messageQueue.claim({ now: 0 });
        if (first === undefined || second === undefined) throw new Error("nothing was due");
        expect(second.id).toBe(first.id);
        expect(second.retryCount).toBe(1);
        expect(await messageQueue.complete(first, 0)).toBe(false);
        expect(await messageQueue.fail(first, { now: 0, error: "late" })).toBeUndefined();
        expect(await messageQueue.complete(second, 0)).toBe(true);
      }));

    it("gives each message to one worker, however many there are", () =>
      withStore(open, async (store, { another }) => {
        const other = await another?.();
        const ids = await store.messageQueue.enqueue(Array.from({ length: 150 }, (_, at) => message(at % 3, at)));
        const sent: number[] = [];
        const work = async (queue = store.messageQueue): Promise<void> => {
          for (;;) {
            const claimed = await queue.claim({ now: 1000, limit: 3 });
            if (claimed.length === 0) return;
            for (const each of claimed) {
              sent.push(each.id);
              expect(await queue.complete(each, 1000)).toBe(true);
            }
          }
        };
        await Promise.all([work(), work(other?.messageQueue), work(), work(other?.messageQueue)]);
        expect(sent.sort((one, next) => one - next)).toEqual(ids);
        await other?.close();
      }));
  });
}

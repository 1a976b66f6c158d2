import { z } from "zod";
import { type FrameVerdict, kind } from "./fault-kind.ts";
import { changedFrame, frameOf, wportsOf } from "./frames.ts";

const probability = z.number("expected a probability from 0 to 1").min(0).max(1);
const none = z.strictObject({});
const port = z.int().min(0).max(0xffff);

const nothing: FrameVerdict = { pieces: [] };
const one = (octets: Uint8Array): FrameVerdict => ({ pieces: [{ octets }] });

/** Faults and quirks in the octets of the data link. */
export const lineFaults = {
  silent: kind({
    what: "does not answer at all: what it is asked is not done",
    parameters: none,
    frame(way, _, __, { acted }) {
      if (way === "received") return undefined;
      acted();
      return nothing;
    },
    tap({ at, way }, _, { acted }) {
      if (at !== "sealed" || way === "sent") return undefined;
      acted();
      return { do: "drop" };
    },
  }),
  slow: kind({
    what: "answers late, by `ms`, a number or [from, to]",
    parameters: z.strictObject({
      ms: z.union([z.number().min(0), z.tuple([z.number().min(0), z.number().min(0)])], "expected ms, or [from, to]"),
    }),
    frame(way, octets, { ms }, { random, acted }) {
      if (way === "received") return undefined;
      const [from, to] = typeof ms === "number" ? [ms, ms] : ms;
      acted();
      return { pieces: [{ octets, delay: from + random() * (to - from) }] };
    },
  }),
  lossy: kind({
    what: "is on a line that loses, repeats and corrupts frames, with the probabilities `loss`, `duplicate` and `corrupt`",
    parameters: z.strictObject({
      loss: probability.default(0),
      duplicate: probability.default(0),
      corrupt: probability.default(0),
    }),
    frame(_, octets, { loss, duplicate, corrupt }, { random, acted }) {
      if (random() < loss) {
        acted();
        return nothing;
      }
      let piece = octets;
      if (random() < corrupt) {
        acted();
        piece = octets.slice();
        const bit = Math.floor(random() * octets.length * 8);
        piece[bit >> 3] = (piece[bit >> 3] as number) ^ (1 << (bit & 7));
      }
      if (random() >= duplicate) return one(piece);
      acted();
      return { pieces: [{ octets: piece }, { octets: piece.slice() }] };
    },
  }),
  "stuck-sequence": kind({
    what: "does not count its HDLC frames: N(S) and N(R) stay 0",
    seen: "Hexing HXE130",
    parameters: none,
    frame(way, octets, _, { acted }) {
      if (way === "received") return undefined;
      const stuck = changedFrame(octets, (frame) =>
        frame.frame === "i" ? { ...frame, sendSequence: 0, receiveSequence: 0 } : undefined,
      );
      if (stuck === undefined) return undefined;
      acted();
      return one(stuck);
    },
  }),
  "four-octet-address": kind({
    what: "answers from an HDLC address of 4 octets where it was asked at one of 2",
    seen: "meters of several makers",
    parameters: none,
    frame(way, octets, _, { acted }) {
      if (way === "received") return undefined;
      const longer = changedFrame(octets, (frame) =>
        frame.source.octets === 2 ? { ...frame, source: { ...frame.source, octets: 4 } } : undefined,
      );
      if (longer === undefined) return undefined;
      acted();
      return one(longer);
    },
  }),
  "two-octet-address": kind({
    what: "answers and pushes from an HDLC address of 2 octets, with the lower part `lower`, where it should be one of 1",
    seen: "Kaifa",
    parameters: z.strictObject({ lower: z.int().min(0).max(0x7d).default(1) }),
    frame(way, octets, { lower }, { acted }) {
      if (way === "received") return undefined;
      const longer = changedFrame(octets, (frame) =>
        frame.source.octets === 1 ? { ...frame, source: { upper: frame.source.upper, lower, octets: 2 } } : undefined,
      );
      if (longer === undefined) return undefined;
      acted();
      return one(longer);
    },
    push(_, { lower }, { acted }) {
      acted();
      return { physical: lower };
    },
  }),
  "answers-together": kind({
    what: "answers each `every`th request `ms` late, and what it answers until then comes in one piece with it",
    seen: "meters behind modems",
    parameters: z.strictObject({ every: z.int().min(1).default(2), ms: z.number().min(0).default(12_000) }),
    frame(way, octets, { every, ms }, { memory, acted }) {
      if (way === "received") return undefined;
      const count = (memory.get("sent") ?? 0) + 1;
      memory.set("sent", count);
      if (count % every !== 0) return { pieces: [{ octets, joined: true }] };
      acted();
      return { pieces: [{ octets, delay: ms, joined: true }] };
    },
  }),
  echo: kind({
    what: "is on a line that echoes what the client sends",
    seen: "optical heads, RS-485 converters",
    parameters: none,
    frame(way, octets, _, { acted }) {
      if (way === "sent") return undefined;
      acted();
      return { ...one(octets), back: octets };
    },
  }),
  noise: kind({
    what: "is on a line with noise: up to `octets` octets before each frame",
    parameters: z.strictObject({ octets: z.int().min(1).max(255).default(4) }),
    frame(way, octets, { octets: most }, { random, acted }) {
      if (way === "received" || frameOf(octets) === undefined) return undefined;
      const before = 1 + Math.floor(random() * most);
      const noisy = new Uint8Array(before + octets.length);
      for (let at = 0; at < before; at++) noisy[at] = Math.floor(random() * 0x7e);
      noisy.set(octets, before);
      acted();
      return one(noisy);
    },
  }),
  "snrm-with-parameters": kind({
    what: "does not answer an SNRM without parameters",
    seen: "meters of several makers",
    parameters: none,
    frame(way, octets, _, { acted }) {
      const frame = way === "received" ? frameOf(octets) : undefined;
      if (frame?.frame !== "snrm" || frame.information.length > 0) return undefined;
      acted();
      return nothing;
    },
  }),
  "any-wport": kind({
    what: "sends from wPort `source` to wPort `destination`, whoever asked",
    seen: "Iskraemeco MX382: from 103 to 102",
    parameters: z.strictObject({ source: port.default(103), destination: port.default(102) }),
    frame(way, octets, { source, destination }, { acted }) {
      if (way === "received" || wportsOf(octets) === undefined) return undefined;
      const moved = octets.slice();
      const view = new DataView(moved.buffer);
      view.setUint16(2, source);
      view.setUint16(4, destination);
      acted();
      return one(moved);
    },
  }),
  "octet-by-octet": kind({
    what: "sends octet by octet, with `ms` between them",
    seen: "meters behind modems",
    parameters: z.strictObject({ ms: z.number().min(0).default(1) }),
    frame(way, octets, { ms }, { acted }) {
      if (way === "received") return undefined;
      acted();
      return { pieces: Array.from(octets, (octet, at) => ({ octets: Uint8Array.of(octet), delay: at * ms })) };
    },
  }),
  reboot: kind({
    what: "loses its power when the fault begins, and has it again after `downFor` seconds",
    parameters: z.strictObject({ downFor: z.number().positive().default(30) }),
    power: ({ downFor }) => downFor * 1000,
  }),
};

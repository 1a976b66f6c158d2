import { ApduTag } from "@dlmskit/apdu";
import { sameOctets, toHex } from "@dlmskit/core";
import type { AssociationSpec, Interceptor, Outcome, Tap } from "@dlmskit/server";
import type { RecordedApdu, RecordedSession } from "./record-file.ts";
import { callsOf, isProof, nameOfCall, type RecordedCall } from "./recorded-calls.ts";
import type { Departure } from "./replay.ts";

/** Longer texts are cut. */
const shown = 120;
const cut = (text: string): string => (text.length > shown ? `${text.slice(0, shown)}…` : text);

/** APDUs with an invoke id and priority in their third octet. */
const withInvokeId: readonly number[] = [
  ...[ApduTag["get-request"], ApduTag["set-request"], ApduTag["action-request"]],
  ...[ApduTag["get-response"], ApduTag["set-response"], ApduTag["action-response"]],
];
const invokeAt = 2;

function withInvokeOf(octets: Uint8Array, like: Uint8Array): Uint8Array {
  if (!withInvokeId.includes(octets[0] ?? -1) || !withInvokeId.includes(like[0] ?? -1)) return octets;
  const changed = octets.slice();
  changed[invokeAt] = like[invokeAt] as number;
  return changed;
}

/** A session of the record that a client goes through. */
class Going {
  readonly session: RecordedSession;
  readonly calls: readonly RecordedCall[];
  /** Whether the client gets the recorded octets. */
  byOctets: boolean;
  /** The next APDU of the record. */
  place = 0;
  /** APDUs of the client so far. */
  received = 0;
  call = 0;
  /** The APDU of the client that is being answered. */
  request = new Uint8Array(0);

  constructor(session: RecordedSession, calls: readonly RecordedCall[], byOctets: boolean) {
    this.session = session;
    this.calls = calls;
    this.byOctets = byOctets;
  }

  /** The next recorded APDU of a direction, and the place after it. */
  next(way: RecordedApdu["way"]): { readonly apdu: RecordedApdu; readonly after: number } | undefined {
    const place = this.session.apdus.findIndex((one, at) => at >= this.place && one.way === way);
    const apdu = this.session.apdus[place];
    return apdu === undefined ? undefined : { apdu, after: place + 1 };
  }
}

/** Answers from a record, and compares clients with it. */
export class Player {
  readonly #sessions: readonly RecordedSession[];
  readonly #specs: ReadonlyMap<number, AssociationSpec>;
  readonly #departed: (departure: Departure) => void;
  readonly #calls = new Map<number, readonly RecordedCall[]>();
  /** The client's way through the record, by connection and client. */
  readonly #going = new Map<string, Going>();
  readonly #begun = new Map<number, number>();
  readonly #last = new Map<number, Going>();
  answered = 0;

  constructor(
    sessions: readonly RecordedSession[],
    specs: ReadonlyMap<number, AssociationSpec>,
    departed: (departure: Departure) => void,
  ) {
    this.#sessions = sessions;
    this.#specs = specs;
    this.#departed = departed;
    for (const session of sessions) this.#calls.set(session.session, callsOf(session));
  }

  /** The next session of the client; after the last one, the first again. */
  #begin(key: string, client: number): Going | undefined {
    const own = this.#sessions.filter((one) => one.client === client);
    const number = this.#begun.get(client) ?? 0;
    const session = own[number % Math.max(1, own.length)];
    if (session === undefined) return undefined;
    this.#begun.set(client, number + 1);
    const { mechanism = 0, ciphered = false } = this.#specs.get(client)?.security ?? {};
    const going = new Going(session, this.#calls.get(session.session) ?? [], mechanism <= 1 && !ciphered);
    this.#going.set(key, going);
    this.#last.set(client, going);
    return going;
  }

  readonly tap: Tap = ({ at, way, octets, remote, client }) => {
    if (at !== "sealed" || client === undefined) return undefined;
    const key = `${remote} ${client}`;
    const opens = way === "received" && octets[0] === ApduTag.aarq;
    const going = opens || !this.#going.has(key) ? this.#begin(key, client) : this.#going.get(key);
    if (going === undefined) return undefined;
    if (way === "received") {
      this.#compare(going, octets, client);
      return undefined;
    }
    if (!going.byOctets) return undefined;
    const next = going.next("sent");
    if (next === undefined) return undefined;
    going.place = next.after;
    return { do: "replace", octets: withInvokeOf(next.apdu.pdu, going.request) };
  };

  #compare(going: Going, octets: Uint8Array, client: number): void {
    going.received++;
    going.request = octets.slice();
    const next = going.next("received");
    const isSame = next !== undefined && sameOctets(withInvokeOf(next.apdu.pdu, octets), octets);
    if (isSame) going.place = next.after;
    if (isSame || !going.byOctets) return;
    going.byOctets = false;
    this.#departed({
      ...{ by: "octets", client, session: going.session.session, at: going.received },
      got: cut(toHex(octets)),
      expected: next === undefined ? "the end of the session" : cut(toHex(next.apdu.pdu)),
    });
  }

  readonly interceptor: Interceptor = (call, next) => {
    if (call.association === undefined) return next();
    // The server proves and checks the secrets itself.
    if (call.do === "invoke" && isProof(call)) return next();
    const { client } = call.association;
    const going = this.#last.get(client);
    if (going === undefined) return next();
    return this.#answer(going, nameOfCall(call), client);
  };

  #answer(going: Going, name: string, client: number): Outcome {
    const { calls, session } = going;
    const here = calls[going.call];
    const told = { client, session: session.session, at: going.call + 1, got: cut(name) };
    const expected = here === undefined ? "the end of the session" : cut(here.name);
    const place = this.#placeOf(calls, name, going.call);
    if (place !== undefined) {
      if (place !== going.call) this.#departed({ ...told, by: "order", expected });
      going.call = place + 1;
      this.answered++;
      return (calls[place] as RecordedCall).outcome;
    }
    for (const one of this.#sessions) {
      const found =
        one.client === client ? this.#calls.get(one.session)?.findLast((known) => known.name === name) : undefined;
      if (found === undefined) continue;
      this.#departed({ ...told, by: "order", expected });
      this.answered++;
      return found.outcome;
    }
    this.#departed({ ...told, by: "meaning", expected });
    return { error: "object-undefined" };
  }

  /** The call of this name: the next one from here on, or else the last one before. */
  #placeOf(calls: readonly RecordedCall[], name: string, from: number): number | undefined {
    const ahead = calls.findIndex((one, at) => at >= from && one.name === name);
    const place = ahead >= 0 ? ahead : calls.findLastIndex((one) => one.name === name);
    return place < 0 ? undefined : place;
  }
}

import type { Negotiated } from "@dlmskit/association";
import type { AssociationInformation } from "@dlmskit/cosem-objects";
import type { OpenPush, PushLeft } from "../session/unasked-pushes.ts";
import type { Association } from "./association-spec.ts";

/** A client that has an association open. */
export interface Occupant {
  /** The logical device (SAP) that it is open with. */
  readonly device: number;
  readonly opened:
    | {
        readonly negotiated: Negotiated;
        /** Sends an unsolicited notification between answers. Faults `push-not-sent` and those of protecting it. */
        notify(push: OpenPush): Promise<PushLeft>;
      }
    | undefined;
  /** Whether the client waits for an answer. */
  readonly busy: boolean;
  /** Number of associations that the client has opened since its last request. */
  readonly unused: number;
  /** Time of the last activity, ms on the clock of the machine. */
  readonly lastActivity: number;
  /** Ends the association of this client to make room for a new one. */
  giveWay(): void;
}

interface Open {
  readonly association: Association;
  /** The system title of the client, if it sent one. */
  readonly systemTitle: Uint8Array | undefined;
  /** The remote host of the client. */
  readonly host: string;
  readonly occupant: Occupant;
}

/** The open associations of a meter. */
export class OpenAssociations {
  #open: readonly Open[] = [];
  /** Created when the first client gets a challenge. */
  #pending: Map<Occupant, Association> | undefined;

  get count(): number {
    return this.#open.length;
  }

  /** Adds an open association. Returns the function to call when it has ended. */
  opened(one: Open): () => void {
    // `push` or a spread would allocate room for seventeen elements.
    this.#open = this.#open.concat(one);
    return () => {
      this.#open = this.#open.filter((other) => other !== one);
    };
  }

  #of(association: Association): readonly Open[] {
    return this.#open.filter((one) => one.association === association);
  }

  /**
   * The open associations that share a limit with this one: without authentication, all that have no authentication; otherwise
   * those of the same client. So a client without a secret cannot take the place of a client with a secret.
   */
  #beside(association: Association): readonly Open[] {
    if (association.security.mechanism !== 0) return this.#of(association);
    return this.#open.filter(({ association: other }) => other.security.mechanism === 0);
  }

  /** Whether one more association may be opened with a limit of `most`: there is room, or one association is idle. */
  hasRoom(association: Association, most: number): boolean {
    const open = this.#beside(association);
    return open.length < most || open.some(({ occupant }) => !occupant.busy);
  }

  /** Ends idle associations until the limit is met. The newcomer stays. */
  makeRoom(association: Association, most: number, newcomer: Occupant): void {
    const open = this.#beside(association);
    for (let many = open.length - most; many > 0; many--) first(this.#beside(association), newcomer)?.giveWay();
  }

  /** Records that a client must answer a challenge before its `association` is open; undefined: it no longer has to. */
  pending(occupant: Occupant, association: Association | undefined): void {
    if (association !== undefined) {
      this.#pending ??= new Map();
      this.#pending.set(occupant, association);
    } else if (this.#pending?.delete(occupant) && this.#pending.size === 0) {
      // An empty map would take a fifth of a KiB of each meter in use.
      this.#pending = undefined;
    }
  }

  statusOf(association: Association): AssociationInformation["status"] {
    if (this.#open.some((one) => one.association === association)) return "associated";
    const pending = [...(this.#pending?.values() ?? [])].includes(association);
    return pending ? "association-pending" : "non-associated";
  }

  /** The client that was the last to open the association with a logical device. */
  occupant(association: Association, device: number): Occupant | undefined {
    return this.#of(association).findLast(({ occupant }) => occupant.device === device)?.occupant;
  }

  /** System title of the client that was the last to open the association; undefined: no client has, or it sent no title. */
  clientSystemTitle(association: Association): Uint8Array | undefined {
    return this.#open.findLast((one) => one.association === association)?.systemTitle;
  }
}

/**
 * The association to end first. It belongs to the host with the most associations. Within that host it is one of a client that opens
 * associations without using them, or else the one that has been idle longest.
 */
function first(open: readonly Open[], newcomer: Occupant): Occupant | undefined {
  const perHost = new Map<string, number>();
  for (const { host } of open) perHost.set(host, (perHost.get(host) ?? 0) + 1);
  const count = ({ host }: Open): number => perHost.get(host) ?? 0;
  const idle = open.filter(({ occupant }) => occupant !== newcomer && !occupant.busy);
  const [found] = idle.toSorted(
    (one, other) =>
      count(other) - count(one) ||
      other.occupant.unused - one.occupant.unused ||
      one.occupant.lastActivity - other.occupant.lastActivity,
  );
  return found?.occupant;
}

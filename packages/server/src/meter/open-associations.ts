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
        /** Says something unasked, between answers. Faults `push-not-sent` and those of protecting it. */
        notify(push: OpenPush): Promise<PushLeft>;
      }
    | undefined;
  /** Whether it waits for an answer. */
  readonly busy: boolean;
  /** Associations that it has opened since it asked anything. */
  readonly unused: number;
  /** ms on the machine's clock. */
  readonly lastActivity: number;
  /** Ends its association, for another that is to be opened. */
  giveWay(): void;
}

interface Open {
  readonly association: Association;
  /** The client's, where it told one. */
  readonly systemTitle: Uint8Array | undefined;
  /** Where it is. */
  readonly host: string;
  readonly occupant: Occupant;
}

/** The associations of a meter that are open now. */
export class OpenAssociations {
  #open: readonly Open[] = [];
  /** Made when the first client is challenged. */
  #pending: Map<Occupant, Association> | undefined;

  get count(): number {
    return this.#open.length;
  }

  /** An association was opened; gives what to call when it is over. */
  opened(one: Open): () => void {
    // Not `push`, and no spread: either makes room for seventeen.
    this.#open = this.#open.concat(one);
    return () => {
      this.#open = this.#open.filter((other) => other !== one);
    };
  }

  #of(association: Association): readonly Open[] {
    return this.#open.filter((one) => one.association === association);
  }

  /**
   * Those that count against one of this association: without authentication all of those without, otherwise those of the same
   * client. So a client without a secret takes no room of one that has one.
   */
  #beside(association: Association): readonly Open[] {
    if (association.security.mechanism !== 0) return this.#of(association);
    return this.#open.filter(({ association: other }) => other.security.mechanism === 0);
  }

  /** Whether one more may be opened where there are to be `most`: there is room, or one is idle. */
  hasRoom(association: Association, most: number): boolean {
    const open = this.#beside(association);
    return open.length < most || open.some(({ occupant }) => !occupant.busy);
  }

  /** Ends as many as are too many, of those that are idle. The newcomer stays. */
  makeRoom(association: Association, most: number, newcomer: Occupant): void {
    const open = this.#beside(association);
    for (let many = open.length - most; many > 0; many--) first(this.#beside(association), newcomer)?.giveWay();
  }

  /** A client has to answer a challenge before its association is open; undefined: it has not. */
  pending(occupant: Occupant, association: Association | undefined): void {
    if (association === undefined) this.#pending?.delete(occupant);
    else {
      this.#pending ??= new Map();
      this.#pending.set(occupant, association);
    }
  }

  statusOf(association: Association): AssociationInformation["status"] {
    if (this.#open.some((one) => one.association === association)) return "associated";
    const pending = [...(this.#pending?.values() ?? [])].includes(association);
    return pending ? "association-pending" : "non-associated";
  }

  /** The client that opened it last with a logical device. */
  occupant(association: Association, device: number): Occupant | undefined {
    return this.#of(association).findLast(({ occupant }) => occupant.device === device)?.occupant;
  }

  /** The client that opened it last; undefined: none has, or it told none. */
  clientSystemTitle(association: Association): Uint8Array | undefined {
    return this.#open.findLast((one) => one.association === association)?.systemTitle;
  }
}

/**
 * The one that gives way first: of the host that has most; there, one that opens associations and does not use them; else the one
 * that has been silent longest.
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

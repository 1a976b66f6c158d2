import { type Apdu, type ApduQuirk, type Data, decodeApdu, encodeApdu, gatewayText } from "@dlmskit/apdu";
import { type CosemDateTime, dateTimeText, Fault, type Link, type LinkAddress, toHex } from "@dlmskit/core";
import { type PushedValue, type PushLayout, pushedValues, pushLayoutIn } from "@dlmskit/cosem-objects";
import { type CryptoProvider, noble, type Random } from "@dlmskit/security";
import { type Clock, type Duplex, LinkPump } from "@dlmskit/transport";
import { hostRandom } from "../options.ts";
import { LearnedLayouts, layoutThatFits } from "./learned-layouts.ts";
import { answerBehind, behindGateway, type GatewayWay, PushSources } from "./push-gateway.ts";
import { type OpenedPush, type PushKeys, PushOpener } from "./push-keys.ts";

export type PushKind = "data-notification" | "event-notification" | "information-report";

/** A received push. */
export interface ReceivedPush {
  /** The sender's address, `"192.0.2.1:50000"`. Identify meters by `systemTitle` or contents, because addresses may be translated. */
  readonly from: string;
  /** The addresses on the data link, and `gateway`: the meter behind the gateway that sent the push. */
  readonly address: LinkAddress;
  readonly kind: PushKind;
  /** The long-invoke-id of a DataNotification. */
  readonly longInvokeId?: number;
  readonly time?: CosemDateTime;
  readonly systemTitle?: Uint8Array;
  /** Whether it had a valid authentication tag or signature. */
  readonly verified: boolean;
  /** The push was received before: the same source, long-invoke-id and time. */
  readonly repeated: boolean;
  /** Whether a confirmation was requested and sent. */
  readonly confirmed: boolean;
  /**
   * Where the meaning of the values comes from: `option` is `layout` or `layouts`, `push` the list in the push, `learned` the list in an
   * earlier push of the same system title. Absent: from logical names beside the values, or unknown.
   */
  readonly layoutFrom?: "option" | "push" | "learned";
  readonly values: readonly PushedValue[];
  readonly data: Data;
  /** The short name of each value of an InformationReport; undefined for a value without short name. */
  readonly shortNames?: readonly (number | undefined)[];
}

export interface PushListenerOptions {
  readonly clock: Clock;
  /**
   * Makes the data link of a connection, the client's end: a `WrapperServerLink({ end: "client" })`, an `UnnumberedLink({ end:
   * "client" })`.
   */
  readonly link: () => Link;
  /** The keys of the meter with this system title for the client of the address. Undefined if unknown: its push is dropped. */
  readonly keys?: (systemTitle: Uint8Array, address: LinkAddress) => PushKeys | undefined;
  /** The sender of ciphered pushes without a system title (service-specific ciphering). */
  readonly systemTitleOf?: (from: string, address: LinkAddress) => Uint8Array | undefined;
  /** The contents of pushes that contain no description of them. */
  readonly layout?:
    | PushLayout
    | ((push: Pick<ReceivedPush, "from" | "address" | "systemTitle">) => PushLayout | undefined);
  /**
   * The layouts of several Push setups. A push that contains no description gets the one that fits it, by the number and the types of its
   * values; none if several fit.
   */
  readonly layouts?: readonly PushLayout[];
  /** Whether a DataNotification that asks for a confirmation is confirmed; true by default. */
  readonly confirm?: boolean;
  /** Deviations of some meters, which are accepted. */
  readonly quirks?: readonly ApduQuirk[];
  /** This end's own system title, for confirmations. It must change at each start, unless its counters are kept (`PushKeys.counters`). */
  readonly systemTitle?: Uint8Array;
  /** Maximum length of a push, octets; 65,536 by default. */
  readonly maxPush?: number;
  readonly provider?: CryptoProvider;
  readonly random?: Random;
  received(push: ReceivedPush): void;
  /**
   * Called when an APDU was dropped: it is not a push, cannot be deciphered, or was replayed. Also called when a connection ended with an
   * error: it was reset, or its link failed (`link-broken`: nothing came for longer than the `inactivity` of the link).
   */
  dropped?(fault: Fault, from: string): void;
}

// Maximum number of stored pushes, to recognize repeated pushes.
const mostRemembered = 100_000;

/** `DLM` and five random octets: each start of a listener has another title, so that its counters may start again. */
function newTitle(random: Random): Uint8Array {
  const title = new Uint8Array(8);
  title.set([0x44, 0x4c, 0x4d]);
  title.set(random(5), 3);
  return title;
}

/** Receives pushes on its connections: joins blocks, deciphers, refuses replayed APDUs, and sends confirmations. */
export class PushListener {
  readonly #options: PushListenerOptions;
  readonly #opener: PushOpener;
  readonly #came = new Set<string>();
  readonly #learned = new LearnedLayouts();
  readonly #pumps = new Set<LinkPump<Link>>();

  constructor(options: PushListenerOptions) {
    this.#options = options;
    const { provider = noble, random = hostRandom } = options;
    const { systemTitle = newTitle(random) } = options;
    this.#opener = new PushOpener({
      ...{ provider, random, systemTitle },
      keysOf: (title, address) => options.keys?.(title, address),
    });
  }

  /** Receives pushes on a connection until it ends. */
  accept(duplex: Duplex): void {
    const { clock, link, maxPush = 0x10000 } = this.#options;
    const pump = new LinkPump({ link: link(), duplex, clock });
    const blocks = new PushSources(maxPush);
    this.#pumps.add(pump);
    pump.start({
      received: (pdu, address) => this.#arrived(pdu, address, pump, blocks),
      dropped: (why) =>
        this.#dropped(new Fault("bad-frame", `octets were dropped: ${why}`, { layer: "client" }), duplex.remote),
      closed: (fault) => {
        this.#pumps.delete(pump);
        if (fault !== undefined) this.#dropped(fault, duplex.remote);
      },
    });
  }

  /** `blocks`: those of each source on this connection. */
  #arrived(pdu: Uint8Array, link: LinkAddress, pump: LinkPump<Link>, blocks: PushSources): void {
    try {
      const { apdu, address, way } = behindGateway(pdu, link);
      this.#received(apdu, { pump, address, way, blocks });
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#dropped(caught, pump.remote);
    }
  }

  #dropped(fault: Fault, from: string): void {
    this.#options.dropped?.(fault, from);
  }

  #received(pdu: Uint8Array, line: PushLine): void {
    const from = line.pump.remote;
    try {
      const whole = this.#whole(pdu, line);
      if (whole === undefined) return;
      const { systemTitleOf, quirks } = this.#options;
      const opened = this.#opener.open(whole, line.address, systemTitleOf?.(from, line.address));
      // A meter's gateway may cipher each block.
      const inner = this.#whole(opened.apdu, line);
      if (inner === undefined) return;
      this.#take(decoded(inner, quirks), opened, line);
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#dropped(caught, from);
    }
  }

  #whole(pdu: Uint8Array, { blocks, address }: PushLine): Uint8Array | undefined {
    if (pdu[0] !== 0xe0) return pdu;
    const block = decodeApdu(pdu);
    return block.apdu === "general-block-transfer" ? blocks.add(address, block, this.#options.clock.now()) : pdu;
  }

  #take(apdu: Apdu, opened: OpenedPush, line: PushLine): void {
    const from = line.pump.remote;
    const { address } = line;
    const { systemTitle, verified } = opened;
    const about = {
      ...{ from, address, verified, confirmed: false, repeated: false },
      ...(systemTitle === undefined ? {} : { systemTitle }),
    };
    switch (apdu.apdu) {
      case "data-notification": {
        const { longInvokeId, dateTime, body, serviceClass } = apdu;
        const time = dateTime === undefined ? {} : { time: dateTime };
        const repeated = this.#cameBefore(
          systemTitle === undefined ? sourceOf(from, address) : toHex(systemTitle),
          longInvokeId,
          dateTime,
        );
        const confirmed = serviceClass === "confirmed" && this.#options.confirm !== false;
        if (confirmed) this.#confirm(apdu, opened, line);
        this.#tell({
          ...about,
          ...time,
          kind: "data-notification",
          longInvokeId,
          repeated,
          confirmed,
          ...this.#values(body, about),
          data: body,
        });
        return;
      }
      case "event-notification-request": {
        const { time, attribute, value } = apdu;
        const values = pushedValues({ type: "structure", value: [value] }, [attribute]);
        this.#tell({ ...about, ...(time && { time }), kind: "event-notification", values, data: value });
        return;
      }
      case "information-report-request": {
        const { data, variables } = apdu;
        const shortNames = variables.map((one) => ("variableName" in one ? (one.variableName as number) : undefined));
        const body: Data = { type: "structure", value: data };
        this.#tell({
          ...about,
          ...{ kind: "information-report", shortNames },
          ...this.#values(body, about),
          data: body,
        });
        return;
      }
      default:
        throw new Fault("not-a-push", `received ${apdu.apdu}, which is not a push`, { layer: "client" });
    }
  }

  #values(
    body: Data,
    about: Pick<ReceivedPush, "from" | "address" | "systemTitle" | "verified">,
  ): Pick<ReceivedPush, "values" | "layoutFrom"> {
    const { layout, layouts = [] } = this.#options;
    const { systemTitle, verified } = about;
    const given = typeof layout === "function" ? layout(about) : layout;
    if (given !== undefined) return { values: pushedValues(body, given), layoutFrom: "option" };
    // What is not verified could be forged: it must not change what verified pushes mean.
    const sender = systemTitle && `${toHex(systemTitle)} ${verified}`;
    const own = pushLayoutIn(body);
    if (own !== undefined) {
      if (sender !== undefined) this.#learned.learn(sender, own);
      return { values: pushedValues(body, own), layoutFrom: "push" };
    }
    const fitting = layoutThatFits(layouts, body);
    if (fitting !== undefined) return { values: pushedValues(body, fitting), layoutFrom: "option" };
    const learned = sender === undefined ? undefined : this.#learned.find(sender, body);
    if (learned !== undefined) return { values: pushedValues(body, learned), layoutFrom: "learned" };
    return { values: pushedValues(body) };
  }

  #cameBefore(source: string, longInvokeId: number, time: CosemDateTime | undefined): boolean {
    const name = `${source} ${longInvokeId} ${time === undefined ? "" : dateTimeText(time)}`;
    const before = this.#came.delete(name);
    this.#came.add(name);
    const [oldest] = this.#came;
    if (this.#came.size > mostRemembered && oldest !== undefined) this.#came.delete(oldest);
    return before;
  }

  /** Each repetition is confirmed too, because the meter may not have received the first confirmation. */
  #confirm(
    { longInvokeId, selfDescriptive, processingOption, serviceClass, priority }: DataNotificationOf,
    { systemTitle, ciphered }: OpenedPush,
    { pump, address, way }: PushLine,
  ): void {
    const plain = encodeApdu({
      apdu: "data-notification-confirm",
      ...{ longInvokeId, selfDescriptive, processingOption, serviceClass, priority },
    });
    const sealed = ciphered && systemTitle !== undefined ? this.#opener.seal(plain, systemTitle, address) : plain;
    pump.send(answerBehind(sealed, address, way), address);
  }

  #tell(push: ReceivedPush): void {
    this.#options.received(push);
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#pumps.size;
  }

  close(): void {
    for (const pump of [...this.#pumps]) pump.destroy();
  }
}

/** The source of a push without a system title. */
const sourceOf = (from: string, { gateway }: LinkAddress): string =>
  gateway === undefined ? from : `${from} ${gatewayText(gateway)}`;

/** Decodes as the standard defines, else with each single quirk, else with all quirks. Throws the Fault of the first attempt. */
function decoded(apdu: Uint8Array, quirks: readonly ApduQuirk[] = []): Apdu {
  try {
    return decodeApdu(apdu);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    for (const tried of [...quirks.map((quirk) => [quirk]), quirks]) {
      try {
        if (tried.length > 0) return decodeApdu(apdu, { quirks: tried });
      } catch (caught) {
        if (!(caught instanceof Fault)) throw caught;
      }
    }
    throw fault;
  }
}

interface PushLine {
  readonly pump: LinkPump<Link>;
  readonly address: LinkAddress;
  readonly blocks: PushSources;
  /** The tag of the gateway's prefix that the push had. */
  readonly way: GatewayWay | undefined;
}

type DataNotificationOf = Extract<Apdu, { readonly apdu: "data-notification" }>;

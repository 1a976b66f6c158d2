import { gatewayText } from "@dlmskit/apdu";
import { type LogicalName, toHex, toLatin1 } from "@dlmskit/core";
import type { Association } from "@dlmskit/server";
import type { ClientSecret, Meter, SecuritySetting } from "@dlmskit/storage";
import type { Addresses, Span } from "./addresses.ts";
import type { Fleet } from "./fleet.ts";
import type { GatewayAddresses } from "./gateway-addresses.ts";
import { type FleetSecretsOptions, secretsOf } from "./secrets.ts";

/** The data link to the meters. */
export type LinkName = "wrapper" | "hdlc" | "mbus";
/** The transport of the data link. */
export type TransportName = "tcp" | "udp" | "serial";

/** What one client needs to open an association with one meter. Octets are in hex. */
export interface ClientIdentity {
  /** The client's SAP. */
  readonly client: number;
  readonly name: string;
  /** The Association LN object. */
  readonly association: LogicalName;
  readonly mechanism: number;
  readonly ciphered: boolean;
  readonly suite: number;
  readonly policy: number;
  /** LLS password or HLS secret: text if it is printable ASCII, else `{hex}`. */
  readonly password?: string | { readonly hex: string };
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
  readonly broadcastKey?: string;
  /** The object from which the public client reads the client's last invocation counter. */
  readonly invocationCounter?: LogicalName;
}

/** One meter as a head-end system must know it, with its address. */
export interface Identity {
  readonly meterId: string;
  readonly serial: string;
  readonly logicalDeviceName: string;
  /** 8 octets in hex. */
  readonly systemTitle: string;
  readonly masterKey?: string;
  readonly host: string;
  readonly port: number;
  readonly link: LinkName;
  /** HDLC and M-Bus use TCP or a serial line. For a serial line, `host` is the device. */
  readonly transport: TransportName;
  /** The server address on the wrapper, the upper HDLC address, or the SAP on M-Bus. */
  readonly serverAddress: number;
  /** The lower HDLC address, or the primary address on M-Bus; absent on the wrapper. */
  readonly physicalAddress?: number;
  /** The address behind the gateway at this host and port, NETWORK/ADDRESS; absent: the meter is not behind a gateway. */
  readonly gateway?: string;
  readonly template: string;
  readonly clients: readonly ClientIdentity[];
}

/** A secret in the form of the keys file. */
const passwordText = (secret: Uint8Array): string | { readonly hex: string } =>
  secret.every((octet) => octet >= 0x20 && octet < 0x7f) ? toLatin1(secret) : { hex: toHex(secret) };

/** The values from which identities are derived. */
export interface IdentitySource extends FleetSecretsOptions {
  readonly fleet: Fleet;
  /** The associations of the compiled template. */
  readonly associations: readonly Association[];
  readonly addresses: Addresses;
  readonly link: LinkName;
  /** `tcp` by default. */
  readonly transport?: TransportName;
  /** The addresses behind gateways; by default the meters are not behind one. */
  readonly gateway?: GatewayAddresses;
}

/** The values of a meter in the store. They have priority over derived values. */
export interface KeptIdentity {
  readonly meter?: Meter;
  readonly settings?: readonly SecuritySetting[];
  readonly secrets?: readonly ClientSecret[];
}

/** The identity of a meter, with its secrets. Fault `out-of-range`: there is no such meter. */
export function identityOf(source: IdentitySource, index: number, kept: KeptIdentity = {}): Identity {
  const { fleet, addresses, associations, link, transport = "tcp" } = source;
  const { meter } = kept;
  const { host, port, server, physical } = addresses.of(index);
  let masterKey: Uint8Array | undefined;
  const clients = associations.map((association): ClientIdentity => {
    const { name, client, instance, security, securitySetup, invocationCounter } = association;
    const setting = kept.settings?.find(({ instanceId }) => instanceId === securitySetup);
    const stored = kept.secrets?.find((one) => one.clientId === client && one.instanceId === instance);
    const derived = secretsOf(fleet, index, association, source);
    const secret = stored?.secret ?? derived.secret;
    const encryptionKey = setting?.encryptionKey ?? derived.encryptionKey;
    const authenticationKey = setting?.authenticationKey ?? derived.authenticationKey;
    const broadcastKey = setting?.broadcastKey ?? derived.broadcastKey;
    masterKey ??= setting?.masterKey ?? derived.masterKey;
    return {
      ...{ client, name, association: instance, mechanism: security.mechanism, ciphered: security.ciphered },
      ...{ suite: security.suite, policy: setting?.securityPolicy ?? security.policy },
      ...(secret === undefined || security.mechanism === 0 ? {} : { password: passwordText(secret) }),
      ...(encryptionKey && { encryptionKey: toHex(encryptionKey) }),
      ...(authenticationKey && { authenticationKey: toHex(authenticationKey) }),
      ...(broadcastKey && { broadcastKey: toHex(broadcastKey) }),
      ...(invocationCounter === undefined ? {} : { invocationCounter }),
    };
  });
  return {
    meterId: meter?.meterId ?? fleet.meterId(index),
    serial: meter?.serial ?? fleet.serial(index),
    logicalDeviceName: meter?.logicalDeviceName ?? fleet.logicalDeviceName(index),
    systemTitle: toHex(meter?.systemTitle ?? fleet.systemTitle(index)),
    ...(masterKey && { masterKey: toHex(masterKey) }),
    ...{ host, port, link, transport, serverAddress: server },
    ...(physical === undefined ? {} : { physicalAddress: physical }),
    ...(source.gateway === undefined ? {} : { gateway: gatewayText(source.gateway.of(index)) }),
    template: meter?.template ?? fleet.template,
    clients,
  };
}

/** The identities of the meters of a span, one at a time. All meters by default. */
export function* identities(
  source: IdentitySource,
  { first, meters }: Span = { first: 0, meters: source.fleet.meters },
): Generator<Identity, undefined> {
  for (let index = first; index < first + meters; index++) yield identityOf(source, index);
}

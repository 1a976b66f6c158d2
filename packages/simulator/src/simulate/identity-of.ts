import { toHex } from "@dlmskit/core";
import type { MeterTemplate } from "@dlmskit/server";
import type { HdlcSetting, Meter as MeterRow, Store } from "@dlmskit/storage";
import { type ClientIdentity, type Identity, passwordText } from "./identities.ts";
import { physicalAddress } from "./listeners.ts";

/** Who a meter is, with the secrets that the store has of it now. */
export async function identityOf(
  store: Pick<Store, "securitySettings">,
  compiled: MeterTemplate,
  row: MeterRow,
  number: number,
  hdlcSettings: readonly HdlcSetting[],
): Promise<Identity> {
  const { meterId, serial, logicalDeviceName, template } = row;
  const settings = await store.securitySettings.of(meterId);
  const secrets = await store.securitySettings.secretsOf(meterId);
  const clients = compiled.associations.map((association): ClientIdentity => {
    const { name, client, instance, security, securitySetup, invocationCounter } = association;
    const setting = settings.find(({ instanceId }) => instanceId === securitySetup);
    const secret = secrets.find(({ clientId, instanceId }) => clientId === client && instanceId === instance)?.secret;
    return {
      ...{ client, name, association: instance, mechanism: security.mechanism, ciphered: security.ciphered },
      ...{ suite: security.suite, policy: setting?.securityPolicy ?? security.policy },
      ...(secret === undefined || security.mechanism === 0 ? {} : { password: passwordText(secret) }),
      ...(setting?.encryptionKey && { encryptionKey: toHex(setting.encryptionKey) }),
      ...(setting?.authenticationKey && { authenticationKey: toHex(setting.authenticationKey) }),
      ...(setting?.broadcastKey && { broadcastKey: toHex(setting.broadcastKey) }),
      ...(invocationCounter === undefined ? {} : { invocationCounter }),
    };
  });
  const masterKey = settings.find((one) => one.masterKey !== undefined)?.masterKey;
  return {
    ...{ meterId, serial, logicalDeviceName, systemTitle: toHex(row.systemTitle) },
    ...(masterKey && { masterKey: toHex(masterKey) }),
    serverAddress: number + 1,
    physicalAddress: physicalAddress(hdlcSettings, number),
    template,
    clients,
  };
}

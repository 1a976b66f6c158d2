import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";
import { interfaceClass } from "../../interface-class.ts";
import { ProtectionBit } from "./protection-parameters.ts";

/** The ids of keys; version 0 has no master key. */
const TransferredKey = {
  globalUnicastEncryptionKey: 0,
  globalBroadcastEncryptionKey: 1,
  authenticationKey: 2,
  masterKey: 3,
} as const;
/** Keys that are wrapped with the master key for transfer. */
export const WrappedKeys = T.array(T.structure({ keyId: T.enumOf(TransferredKey), wrapped: T.octetString }));
export type WrappedKeys = Of<typeof WrappedKeys>;

/**
 * Data for a key agreement between client and server: the ephemeral public key and its signature over key id ‖ public key. The key ids are
 * those of wrapped keys.
 */
export const KeyAgreementData = T.array(T.structure({ keyId: T.enumOf(TransferredKey), keyData: T.octetString }));
export type KeyAgreementData = Of<typeof KeyAgreementData>;

/** 0 server, 1 client, 2 certification authority, 3 other. */
export const CertificateEntity = { server: 0, client: 1, "certification-authority": 2, other: 3 } as const;
/** 0 digital signature, 1 key agreement, 2 TLS, 3 other. */
export const CertificateType = { "digital-signature": 0, "key-agreement": 1, tls: 2, other: 3 } as const;

const CertificateIdentificationType = {
  certificateIdentificationEntity: 0,
  certificateIdentificationSerial: 1,
} as const;

/** Identifies a certificate: type 0 by entity, with a CertificateByEntity; type 1 by serial number, with a CertificateBySerial. */
export const CertificateIdentification = T.structure({
  identificationType: T.enumOf(CertificateIdentificationType),
  options: T.any,
});
export type CertificateIdentification = Of<typeof CertificateIdentification>;
export const CertificateByEntity = T.structure({
  certificateEntity: T.enumOf(CertificateEntity),
  certificateType: T.enumOf(CertificateType),
  systemTitle: T.octetString,
});
export const CertificateBySerial = T.structure({ serialNumber: T.octetString, issuer: T.octetString });

/** The security policies of version 0. Version 1 has bits: `ProtectionBit`. */
export const SecurityPolicy0 = {
  nothing: 0,
  allMessagesToBeAuthenticated: 1,
  allMessagesToBeEncrypted: 2,
  allMessagesToBeAuthenticatedAndEncrypted: 3,
} as const;
/** The suites of version 1; version 0 has suite 0. */
export const SecuritySuite = { aesGcm128: 0, ecdsaP256: 1, ecdsaP384: 2 } as const;
const KeyPairType = { digitalSignatureKeyPair: 0, keyAgreementKeyPair: 1, tlsKeyPair: 2 } as const;

const titles = {
  /** Empty until a client is known. */
  clientSystemTitle: { id: 4, type: T.octetString, static: false },
  serverSystemTitle: { id: 5, type: T.octetString, static: true, access: "r" },
} as const;

/** Security setup (class 64, version 0; Blue Book 4.4.7). Its behaviour is implemented in the server, which holds the keys. */
export const SecuritySetup0 = interfaceClass({
  classId: 64,
  version: 0,
  name: "Security setup",
  attributes: {
    securityPolicy: { id: 2, type: T.enumOf(SecurityPolicy0), static: true, access: "r" },
    securitySuite: { id: 3, type: T.enumOf({ aesGcm128: SecuritySuite.aesGcm128 }), static: true, access: "r" },
    ...titles,
  },
  methods: {
    securityActivate: { id: 1, argument: T.enumOf(SecurityPolicy0) },
    globalKeyTransfer: { id: 2, argument: WrappedKeys },
  },
  methodOffset: 0x28,
});

const Certificate = T.structure({
  certificateEntity: T.enumOf(CertificateEntity),
  certificateType: T.enumOf(CertificateType),
  serialNumber: T.octetString,
  issuer: T.octetString,
  subject: T.octetString,
  subjectAltName: T.octetString,
});

/** Security setup (class 64), version 1: suites 1 and 2. */
export const SecuritySetup1 = interfaceClass({
  classId: 64,
  version: 1,
  name: "Security setup",
  attributes: {
    securityPolicy: { id: 2, type: T.enum, static: true, access: "r", bits: ProtectionBit },
    securitySuite: { id: 3, type: T.enumOf(SecuritySuite), static: true, access: "r" },
    ...titles,
    certificates: { id: 6, type: T.array(Certificate), static: false, optional: true },
  },
  methods: {
    securityActivate: { id: 1, argument: T.enum },
    keyTransfer: { id: 2, argument: WrappedKeys },
    keyAgreement: { id: 3, argument: KeyAgreementData, result: KeyAgreementData },
    generateKeyPair: { id: 4, argument: T.enumOf(KeyPairType) },
    generateCertificateRequest: { id: 5, argument: T.enumOf(KeyPairType), result: T.octetString },
    importCertificate: { id: 6, argument: T.octetString },
    exportCertificate: { id: 7, argument: CertificateIdentification, result: T.octetString },
    removeCertificate: { id: 8, argument: CertificateIdentification },
  },
  methodOffset: 0x30,
});

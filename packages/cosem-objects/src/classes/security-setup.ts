import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";
import { interfaceClass } from "../interface-class.ts";

/** Keys that travel wrapped under the master key. Key ids: 0 unicast encryption, 1 broadcast encryption, 2 authentication (version 1: 3 master). */
export const WrappedKeys = T.array(T.structure({ keyId: T.enum, wrapped: T.octetString }));
export type WrappedKeys = Of<typeof WrappedKeys>;

/**
 * What a client and a server agree on keys with: the ephemeral public key and its signature over key id ‖ public key. Key ids
 * as of wrapped keys.
 */
export const KeyAgreementData = T.array(T.structure({ keyId: T.enum, keyData: T.octetString }));
export type KeyAgreementData = Of<typeof KeyAgreementData>;

/** 0 server, 1 client, 2 certification authority, 3 other. */
export const CertificateEntity = { server: 0, client: 1, "certification-authority": 2, other: 3 } as const;
/** 0 digital signature, 1 key agreement, 2 TLS, 3 other. */
export const CertificateType = { "digital-signature": 0, "key-agreement": 1, tls: 2, other: 3 } as const;

/** Which certificate: type 0 by entity, with a CertificateByEntity, 1 by serial number, with a CertificateBySerial. */
export const CertificateIdentification = T.structure({ identificationType: T.enum, options: T.any });
export type CertificateIdentification = Of<typeof CertificateIdentification>;
export const CertificateByEntity = T.structure({
  certificateEntity: T.enum,
  certificateType: T.enum,
  systemTitle: T.octetString,
});
export const CertificateBySerial = T.structure({ serialNumber: T.octetString, issuer: T.octetString });

const attributes = {
  /**
   * Version 0: 0 nothing, 1 authenticated, 2 encrypted, 3 both. Version 1: bits 2 authenticated, 3 encrypted, 4 digitally signed
   * requests; 5, 6, 7 the same of responses.
   */
  securityPolicy: { id: 2, type: T.enum },
  securitySuite: { id: 3, type: T.enum },
  clientSystemTitle: { id: 4, type: T.octetString },
  serverSystemTitle: { id: 5, type: T.octetString },
} as const;

/** Security setup (class 64, version 0; Blue Book 4.4.7). Its behaviour is the server's: it holds the keys. */
export const SecuritySetup0 = interfaceClass({
  classId: 64,
  version: 0,
  name: "Security setup",
  attributes,
  methods: {
    securityActivate: { id: 1, argument: T.enum },
    globalKeyTransfer: { id: 2, argument: WrappedKeys },
  },
});

const Certificate = T.structure({
  certificateEntity: T.enum,
  certificateType: T.enum,
  serialNumber: T.octetString,
  issuer: T.octetString,
  subject: T.octetString,
  subjectAltName: T.octetString,
});

/** Security setup version 1: suites 1 and 2. */
export const SecuritySetup1 = interfaceClass({
  classId: 64,
  version: 1,
  name: "Security setup",
  attributes: { ...attributes, certificates: { id: 6, type: T.array(Certificate), optional: true } },
  methods: {
    securityActivate: { id: 1, argument: T.enum },
    keyTransfer: { id: 2, argument: WrappedKeys },
    keyAgreement: { id: 3, argument: KeyAgreementData, result: KeyAgreementData },
    generateKeyPair: { id: 4, argument: T.enum },
    generateCertificateRequest: { id: 5, argument: T.enum, result: T.octetString },
    importCertificate: { id: 6, argument: T.octetString },
    exportCertificate: { id: 7, argument: CertificateIdentification, result: T.octetString },
    removeCertificate: { id: 8, argument: CertificateIdentification },
  },
});

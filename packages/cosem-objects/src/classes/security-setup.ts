import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";
import { interfaceClass } from "../interface-class.ts";

/** Keys that travel wrapped under the master key. Key ids: 0 unicast encryption, 1 broadcast encryption, 2 authentication (version 1: 3 master). */
export const WrappedKeys = T.array(T.structure({ keyId: T.enum, wrapped: T.octetString }));
export type WrappedKeys = Of<typeof WrappedKeys>;

const attributes = {
  /** Version 0: 0 nothing, 1 authenticated, 2 encrypted, 3 both. Version 1: bits (2, 3 requests; 5, 6 responses). */
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
    keyAgreement: { id: 3, argument: T.array(T.structure({ keyId: T.enum, keyData: T.octetString })) },
    generateKeyPair: { id: 4, argument: T.enum },
    generateCertificateRequest: { id: 5, argument: T.enum, result: T.octetString },
    importCertificate: { id: 6, argument: T.octetString },
    exportCertificate: { id: 7, argument: T.any, result: T.octetString },
    removeCertificate: { id: 8, argument: T.any },
  },
});

import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const NtpAuthenticationMethod = { noSecurity: 0, sharedSecrets: 1, autoKeyIff: 2 } as const;

const AuthenticationKey = T.structure({ keyId: T.doubleLongUnsigned, key: T.octetString });

/** NTP setup (class 100, version 0; Blue Book 4.9.7): the server that the clock is synchronised with. */
export const NtpSetup = interfaceClass({
  classId: 100,
  version: 0,
  name: "NTP setup",
  attributes: {
    activated: { id: 2, type: T.boolean, static: true },
    serverAddress: { id: 3, type: T.octetString, static: true },
    serverPort: { id: 4, type: T.longUnsigned, static: true, default: 123 },
    authenticationMethod: { id: 5, type: T.enumOf(NtpAuthenticationMethod), static: true },
    authenticationKeys: { id: 6, type: T.array(AuthenticationKey), static: true, access: "w" },
    clientKey: { id: 7, type: T.octetString, static: true, access: "w" },
  },
  methods: {
    synchronize: { id: 1, argument: T.integer },
    addAuthenticationKey: { id: 2, argument: AuthenticationKey },
    deleteAuthenticationKey: { id: 3, argument: T.doubleLongUnsigned },
  },
});

import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

/** SMTP setup (class 46, version 0; Blue Book 4.9.6): the mail server through which the device sends mail. */
export const SmtpSetup = interfaceClass({
  classId: 46,
  version: 0,
  name: "SMTP setup",
  attributes: {
    serverPort: { id: 2, type: T.longUnsigned, static: true, default: 25 },
    userName: { id: 3, type: T.octetString, static: true },
    loginPassword: { id: 4, type: T.octetString, static: true, access: "w" },
    serverAddress: { id: 5, type: T.octetString, static: true },
    senderAddress: { id: 6, type: T.octetString, static: true },
  },
  methods: {},
});

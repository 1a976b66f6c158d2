import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const TokenDeliveryMethod = {
  viaRemoteCommunications: 0,
  viaLocalCommunications: 1,
  viaManualEntry: 2,
} as const;
export const TokenStatusCode = {
  tokenFormatResultOk: 0,
  authenticationResultOk: 1,
  validationResultOk: 2,
  tokenExecutionResultOk: 3,
  tokenFormatFailure: 4,
  authenticationFailure: 5,
  validationResultFailure: 6,
  tokenExecutionResultFailure: 7,
  tokenReceivedAndNotYetProcessed: 8,
} as const;

const TokenStatus = T.structure({ statusCode: T.enumOf(TokenStatusCode), dataValue: T.bitString });

// The internal data of a Token gateway: the identifiers of used tokens, ascending; the highest identifier that was removed from them (-1:
// none); and the instant at which a waiting token is processed (ms since 1970 UTC; -1: none is waiting).
const TokenGatewayState = T.structure({ used: T.array(T.long64), forgotten: T.long64, due: T.long64 });

/** Token gateway (class 115, version 0; Blue Book 4.6.5): accepts tokens and shows the result. */
export const TokenGateway = interfaceClass({
  classId: 115,
  version: 0,
  name: "Token gateway",
  attributes: {
    token: { id: 2, type: T.octetString, static: false },
    tokenTime: { id: 3, type: T.dateTimeOctets, static: false },
    tokenDescription: { id: 4, type: T.array(T.octetString), static: false },
    tokenDeliveryMethod: { id: 5, type: T.enumOf(TokenDeliveryMethod), static: false },
    tokenStatus: { id: 6, type: TokenStatus, static: false },
    state: { id: 0, type: TokenGatewayState, optional: true },
  },
  methods: {
    enter: { id: 1, argument: T.octetString },
  },
});

import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";

export const LcpOptionType = {
  maximumReceiveUnit: 1,
  asyncControlCharacterMap: 2,
  authenticationProtocol: 3,
  magicNumber: 5,
  protocolFieldCompression: 7,
  addressAndControlFieldCompression: 8,
  fcsAlternatives: 9,
  callback: 13,
} as const;
export const PppAuthenticationProtocol = { pap: 0xc023, chap: 0xc223, eap: 0xc227 } as const;
export const IpcpOptionType = {
  ipCompressionProtocol: 2,
  preferredLocalIpAddress: 3,
  preferredPeerIpAddress: 20,
  grantAccessOnlyToPreferredPeerOnList: 21,
  useStaticIpPool: 22,
} as const;

const LcpOption = T.structure({ lcpOptionType: T.unsigned, lcpOptionLength: T.unsigned, lcpOptionData: T.any });
const IpcpOption = T.structure({ ipcpOptionType: T.unsigned, ipcpOptionLength: T.unsigned, ipcpOptionData: T.any });

/** PPP setup (class 44, version 0; Blue Book 4.9.5): options and authentication of PPP. */
export const PppSetup = interfaceClass({
  classId: 44,
  version: 0,
  name: "PPP setup",
  attributes: {
    phyReference: { id: 2, type: T.logicalName, static: true },
    lcpOptions: { id: 3, type: T.array(LcpOption), static: true },
    ipcpOptions: { id: 4, type: T.array(IpcpOption), static: true },
    pppAuthentication: { id: 5, type: T.any, static: true, access: "w" },
  },
  methods: {},
});

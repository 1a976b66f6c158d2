import { plcHexFields, plcNames } from "./plc-names.ts";

/** The interface class of each element of an object. */
const classes: { readonly [element: string]: number } = {
  ...{ GXDLMSData: 1, GXDLMSRegister: 3, GXDLMSExtendedRegister: 4, GXDLMSDemandRegister: 5 },
  ...{ GXDLMSRegisterActivation: 6, GXDLMSProfileGeneric: 7, GXDLMSClock: 8, GXDLMSScriptTable: 9 },
  ...{ GXDLMSSchedule: 10, GXDLMSSpecialDaysTable: 11, GXDLMSAssociationShortName: 12 },
  ...{ GXDLMSAssociationLogicalName: 15, GXDLMSSapAssignment: 17, GXDLMSImageTransfer: 18 },
  ...{ GXDLMSIecLocalPortSetup: 19, GXDLMSActivityCalendar: 20, GXDLMSRegisterMonitor: 21 },
  ...{ GXDLMSActionSchedule: 22, GXDLMSIecHdlcSetup: 23, GXDLMSHdlcSetup: 23, GXDLMSIecTwistedPairSetup: 24 },
  ...{ GXDLMSMBusSlavePortSetup: 25, GXDLMSMbusSlavePortSetup: 25, GXDLMSUtilityTables: 26 },
  ...{ GXDLMSModemConfiguration: 27, GXDLMSAutoAnswer: 28, GXDLMSAutoConnect: 29, GXDLMSPushSetup: 40 },
  ...{ GXDLMSTcpUdpSetup: 41, GXDLMSIp4Setup: 42, GXDLMSMacAddressSetup: 43, GXDLMSPppSetup: 44 },
  ...{ GXDLMSGprsSetup: 45, GXDLMSGSMDiagnostic: 47, GXDLMSGsmDiagnostic: 47, GXDLMSIp6Setup: 48 },
  ...{ GXDLMSSFSKPhyMacSetUp: 50, GXDLMSSfskPhyMacSetup: 50, GXDLMSSFSKActiveInitiator: 51 },
  ...{ GXDLMSSfskActiveInitiator: 51, GXDLMSSFSKMacSynchronizationTimeouts: 52 },
  ...{ GXDLMSSfskMacSynchronizationTimeouts: 52, GXDLMSSFSKMacCounters: 53, GXDLMSSfskMacCounters: 53 },
  ...{ GXDLMSSFSKReportingSystemList: 56, GXDLMSSfskReportingSystemList: 56 },
  ...{ GXDLMSIec8802LlcType1Setup: 57, GXDLMSIec8802LlcType2Setup: 58, GXDLMSIec8802LlcType3Setup: 59 },
  ...{ GXDLMSRegisterTable: 61, GXDLMSCompactData: 62, GXDLMSStatusMapping: 63, GXDLMSSecuritySetup: 64 },
  ...{ GXDLMSParameterMonitor: 65, GXDLMSArbitrator: 68, GXDLMSDisconnectControl: 70, GXDLMSLimiter: 71 },
  ...{ GXDLMSMBusClient: 72, GXDLMSMbusClient: 72, GXDLMSMBusMasterPortSetup: 74, GXDLMSMbusMasterPortSetup: 74 },
  ...{ GXDLMSMBusPortSetup: 76, GXDLMSMbusPortSetup: 76, GXDLMSMBusDiagnostic: 77, GXDLMSMbusDiagnostic: 77 },
  ...{ GXDLMSLlcSscsSetup: 80, GXDLMSPrimeNbOfdmPlcPhysicalLayerCounters: 81, GXDLMSPrimeNbOfdmPlcMacSetup: 82 },
  ...{ GXDLMSPrimeNbOfdmPlcMacFunctionalParameters: 83, GXDLMSPrimeNbOfdmPlcMacCounters: 84 },
  GXDLMSPrimeNbOfdmPlcMacNetworkAdministrationData: 85,
  GXDLMSPrimeNbOfdmPlcApplicationsIdentification: 86,
  ...{ GXDLMSG3PlcMacLayerCounters: 90, GXDLMSG3PlcMacSetup: 91, GXDLMSG3Plc6LoWPan: 92, GXDLMSG3Plc6LoWpan: 92 },
  ...{ GXDLMSNtpSetup: 100, GXDLMSAccount: 111, GXDLMSCredit: 112, GXDLMSCharge: 113, GXDLMSTokenGateway: 115 },
  ...{ GXDLMSIEC6205541Attributes: 116, GXDLMSIec6205541Attributes: 116, GXDLMSFunctionControl: 122 },
  ...{ GXDLMSArrayManager: 123, GXDLMSCommunicationPortProtection: 124, GXDLMSLteMonitoring: 151 },
  ...{ GXDLMSIECLocalPortSetup: 19, GXDLMSDataProtection: 30, GXDLMSIec61334_4_32LlcSetup: 55 },
  ...{ GXDLMSWirelessModeQchannel: 73, GXDLMSZigBeeSasStartup: 101, GXDLMSZigBeeSasJoin: 102 },
  ...{ GXDLMSZigBeeSasApsFragmentation: 103, GXDLMSZigBeeNetworkControl: 104, GXDLMSZigBeeTunnelSetup: 105 },
  ...{ GXDLMSG3PlcHybridRfMacLayerCounters: 160, GXDLMSG3PlcHybridRfMacSetup: 161 },
  GXDLMSG3PlcHybrid6LoWPANAdaptationLayerSetup: 162,
  ...{ GXDLMSCoAPSetup: 152, GXDLMSCoapSetup: 152, GXDLMSCoAPDiagnostic: 153, GXDLMSCoapDiagnostic: 153 },
};

/** The value under a name that stands in a file. */
const ownOf = <T>(table: { readonly [name: string]: T }, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** The interface class of an element; undefined if it is none that is known. */
export const classOfElement = (element: string): number | undefined => ownOf(classes, element);

/** Elements of an object that are not attributes. */
export const notAttributes: ReadonlySet<string> = new Set([
  ...["SN", "LN", "Version", "Description", "Access", "MethodAccess", "Access3", "MethodAccess3"],
]);

/** Attributes and fields whose element has another name, by the name of the element. The first that the class has is meant. */
const otherNames: { readonly [element: string]: readonly string[] } = {
  ObjectType: ["classId"],
  Type: ["serviceId", "classId", "creditType"],
  LN: ["instanceId", "scriptLogicalName"],
  LogicalName: ["scriptLogicalName"],
  LDN: ["logicalDeviceName"],
  Name: ["seasonProfileName", "weekProfileName", "functionName"],
  Index: ["attributeId", "indexList"],
  Attribute: ["attributeId"],
  AI: ["attributeId"],
  DI: ["dataIndex"],
  Data: ["dataIndex", "dataInformationBlock", "dataValue"],
  ID: ["scriptIdentifier", "emergencyProfileId"],
  Actions: ["actions", "daySchedule"],
  ImageActivateInfo: ["imageToActivateInfo"],
  DefaultBaudrate: ["defaultBaud"],
  ProposedBaudrate: ["propBaud"],
  DeviceAddress: ["deviceAddress", "deviceAddr"],
  WindowSizeTx: ["windowSizeTransmit"],
  WindowSizeRx: ["windowSizeReceive"],
  MaximumInfoLengthTx: ["maxInfoFieldLengthTransmit"],
  MaximumInfoLengthRx: ["maxInfoFieldLengthReceive"],
  InterCharachterTimeout: ["interOctetTimeOut"],
  PrimaryAddresses: ["primaryAddressList"],
  Tabis: ["tabiList"],
  AvailableBaud: ["availBaud"],
  AddressState: ["addrState"],
  CommunicationSpeed: ["commSpeed"],
  InitialisationStrings: ["initializationString"],
  Delay: ["delay", "delayAfterResponse"],
  Destinations: ["destinationList", "phoneList"],
  ObjectList: ["pushObjectList"],
  MaximumSegmentSize: ["mss"],
  MaximumSimultaneousConnections: ["nbOfSimConn"],
  DataLinkLayerReference: ["dlReference"],
  UseDHCP: ["useDhcpFlag"],
  CircuitSwitchStatus: ["csAttachment"],
  PacketSwitchStatus: ["psStatus"],
  UnicastIPAddress: ["unicastIpv6Addresses"],
  MulticastIPAddress: ["multicastIpAddress", "multicastIpv6Addresses"],
  GatewayIPAddress: ["gatewayIpAddress", "gatewayIpv6Addresses"],
  SearchInitiatorThreshold: ["searchInitiatorGain"],
  SynchronizationRegisters: ["synchronizationRegister"],
  BroadcastFramesCounters: ["broadcastFramesCounter"],
  ReportingSystems: ["reportingSystemList"],
  MaximumOctetsUiPdu: ["maxOctetsUiPdu"],
  Parameters: ["parameterList"],
  PermissionTable: ["permissionsTable"],
  WeightingTable: ["weightingsTable"],
  EmergencyProfileGroupIDs: ["emergencyProfileGroupIdList"],
  Active: ["emergencyProfileActive"],
  DataHeaderVersion: ["version"],
  BroadcastFrames: ["broadcastFramesCounter"],
  Transmissions: ["transmissionsCounter"],
  ReceivedFrames: ["fcsOkFramesCounter"],
  FailedReceivedFrames: ["fcsNokFramesCounter"],
  CrcFailedCount: ["phyStatsCrcFailCount"],
  CreditReferences: ["creditReferenceList"],
  ChargeReferences: ["chargeReferenceList"],
  CreditChargeConfigurations: ["creditChargeConfiguration"],
  TokenGatewayConfigurations: ["tokenGatewayConfiguration"],
  Credit: ["creditReference"],
  Charge: ["chargeReference"],
  Configuration: ["configuration", "collectionConfiguration"],
  Token: ["token", "tokenProportion"],
  Descriptions: ["tokenDescription"],
  KctSupported: ["noOfKctSupported"],
  StsCertificate: ["stsCertificateNumber"],
  Activations: ["activationStatus"],
  Functions: ["functionList"],
  Objects: ["functionSpecifications", "protectionObjectList"],
  Elements: ["arrayObjectList"],
  Id: ["tableId", "arrayObjectId", "mcastEntryLcid"],
  Target: ["arrayObject"],
  Authentication: ["authenticationMethod"],
  ...plcNames,
  ...{ RxResponse: ["rxResponses"], TxResponse: ["txResponses"], RxClientError: ["rxClientErrors"] },
  ...{ TxClientError: ["txClientErrors"], RxServerError: ["rxServerErrors"], TxServerError: ["txServerErrors"] },
  ...{ SignalQuality: ["rsrq"], SignalLevel: ["rsrp"], SignalToNoiseRatio: ["snr"] },
  RefefenceTableMapping: ["refTableMapping"],
  Status: ["mbusPortCommunicationState"],
};

/** An attribute that is a structure whose fields are elements of the object: the fields by element, by the name of the attribute. */
const groups: { readonly [attribute: string]: { readonly [element: string]: string } } = {
  executedScript: { LN: "scriptLogicalName", ExecutedScriptSelector: "scriptSelector" },
  sendDestinationAndMethod: { Service: "transportService", Destination: "destination", Message: "message" },
  qualityOfService: { DefaultQualityOfService: "default", RequestedQualityOfService: "requested" },
  actions: { ActionOverThreshold: "actionOverThreshold", ActionUnderThreshold: "actionUnderThreshold" },
  numberOfRings: {
    NumberOfRingsInListeningWindow: "nrRingsInWindow",
    NumberOfRingsOutListeningWindow: "nrRingsOutOfWindow",
  },
  tokenStatus: { Status: "statusCode", Data: "dataValue" },
  frequencies: { MarkFrequency: "markFrequency", SpaceFrequency: "spaceFrequency" },
  accountModeAndStatus: { PaymentMode: "accountMode", AccountStatus: "accountStatus" },
  currency: { CurrencyName: "currencyName", CurrencyScale: "currencyScale", CurrencyUnit: "currencyUnit" },
  meterPan: {
    IssuerId: "issuerIdentificationNumber",
    DecoderReferenceNumber: "decoderReferenceNumber",
    PanCheckDigit: "panCheckDigit",
  },
};

/** The field of an attribute that an element of the object stands for; undefined if it stands for none. */
export const fieldOfGroup = (attribute: string, element: string): string | undefined =>
  ownOf(ownOf(groups, attribute) ?? {}, element);

/** Octet-strings whose text is always hex. Others are hex if there are spaces or colons between the octets. */
export const hexFields: ReadonlySet<string> = new Set([
  ...["maskName", "activeMask", "seasonProfileName", "weekName", "weekProfileName", "token", "buffer"],
  ...["imageToActivateIdentification", "imageToActivateSignature"],
  ...plcHexFields,
  ...["dataInformationBlock", "valueInformationBlock", "macAddress", "macSna", "reportingSystemList"],
]);

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
const words = (name: string): readonly string[] =>
  name.match(/[A-Z]?[a-z]*[0-9]*/g)?.filter((word) => word !== "") ?? [];

/** The part of a name from one of its words on, for each word. */
const endings = (name: string): readonly string[] => words(name).map((_, at, all) => plain(all.slice(at).join("")));
const beginnings = (name: string): readonly string[] =>
  words(name).map((_, at, all) => plain(all.slice(0, at + 1).join("")));

/** The attribute or field that an element stands for: of the same name, of a known other name, or the only one whose name begins or ends so. */
export function nameOfElement(element: string, names: readonly string[]): string | undefined {
  const wanted = plain(element);
  const same = names.find((name) => plain(name) === wanted);
  if (same !== undefined) return same;
  const other = ownOf(otherNames, element)?.find((name) => names.includes(name));
  if (other !== undefined) return other;
  for (const parts of [endings, beginnings]) {
    const [found, ...more] = names.filter((name) => parts(name).includes(wanted));
    if (found !== undefined && more.length === 0) return found;
  }
  return undefined;
}

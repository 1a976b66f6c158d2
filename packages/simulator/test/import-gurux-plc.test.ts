// Objects of power line communication and others in a Gurux file: every element that such files have is taken.
import { findClass } from "@dlmskit/cosem-objects";
import { expect, it } from "vitest";
import { importGurux, parseTemplate, templateJson } from "../src/index.ts";

type Elements = { readonly [element: string]: string | number | Elements | readonly (Elements | string | number)[] };

const xmlOf = (elements: Elements): string =>
  Object.entries(elements)
    .map(([name, value]) => {
      if (Array.isArray(value)) {
        const items = value.map((one) =>
          typeof one === "object" ? `<Item>${xmlOf(one)}</Item>` : `<Value>${one}</Value>`,
        );
        return `<${name}>${items.join("")}</${name}>`;
      }
      return `<${name}>${typeof value === "object" ? xmlOf(value as Elements) : value}</${name}>`;
    })
    .join("");

const ln = "0.0.29.0.0.255";
const imported = (element: string, elements: Elements, version = 0) => {
  const text = `<Objects><${element}><LN>${ln}</LN><Version>${version}</Version>${xmlOf(elements)}</${element}></Objects>`;
  const { form, left } = importGurux(text, { name: "plc" });
  // A template that is served.
  expect(parseTemplate(templateJson(form)).name).toBe("plc");
  const [object] = form.objects.filter(({ instanceId }) => instanceId === ln);
  return { left, object };
};
/** The values without their types. */
const bare = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(bare);
  return typeof value === "object" && value !== null && "value" in value ? bare(value.value) : value;
};

const cases: readonly [string, number, Elements, number, { readonly [id: string]: unknown }][] = [
  [
    "GXDLMSSFSKMacCounters",
    53,
    {
      SynchronizationRegisters: [{ Key: 3072, Value: 7 }],
      PhysicalLayerDesynchronization: 1,
      WrongInitiatorDesynchronization: 5,
      BroadcastFramesCounters: [{ Key: 3073, Value: 9 }],
      CrcNOkFramesCounter: 4,
    },
    0,
    { 2: [[3072, 7]], 3: [1, 0, 0, 0, 5], 4: [[3073, 9]], 8: 4 },
  ],
  [
    "GXDLMSIec8802LlcType2Setup",
    58,
    { TransmitWindowSizeK: 1, TransmitWindowSizeRW: 2, MaximumOctetsPdu: 128, MaximumNumberTransmissions: 3 },
    0,
    { 2: 1, 3: 2, 4: 128, 5: 3 },
  ],
  ["GXDLMSIec8802LlcType3Setup", 59, { MaximumOctetsACnPdu: 64, MaximumTransmissions: 2 }, 0, { 2: 64, 3: 2 }],
  [
    "GXDLMSPrimeNbOfdmPlcMacNetworkAdministrationData",
    85,
    {
      MulticastEntries: [{ Id: 1, Members: 2 }],
      SwitchTable: [4, 5],
      DirectTable: [
        {
          ...{ SourceSId: 1, SourceLnId: 2, SourceLcId: 3, DestinationSId: 4, DestinationLnId: 5 },
          ...{ DestinationLcId: 6, Did: "001122334455" },
        },
      ],
      AvailableSwitches: [{ Sna: "0011223344AA", LsId: 1, Level: 2, RxLevel: 3, RxSnr: 4 }],
      Communications: [
        {
          ...{ Eui: "0011223344BB", TxPower: 1, TxCoding: 2, RxCoding: 3, RxLvl: 4, Snr: 5 },
          ...{ TxPowerModified: 6, TxCodingModified: 7, RxCodingModified: 8 },
        },
      ],
    },
    0,
    {
      2: [[1, 2]],
      3: [4, 5],
      4: [[1, 2, 3, 4, 5, 6, "001122334455"]],
      5: [["0011223344aa", 1, 2, 3, 4]],
      6: [["0011223344bb", 1, 2, 3, 4, 5, 6, 7, 8]],
    },
  ],
  [
    "GXDLMSG3PlcMacSetup",
    91,
    {
      NeighbourTable: [
        {
          ...{ ShortAddress: 1, Enabled: 1, ToneMap: "101", Modulation: 2, TxGain: 3, TxRes: 0, TxCoeff: "11" },
          ...{ Lqi: 4, PhaseDifferential: 1, TMRValidTime: 5, NeighbourValidTime: 6 },
        },
      ],
      MacPosTable: [{ ShortAddress: 7, LQI: 8, ValidTime: 9 }],
      NeighbourTableEntryTtl: 255,
      CscmFairnessLimit: 25,
    },
    3,
    { 10: 255, 11: [[1, true, "101", 2, 3, 0, "11", 4, 1, 5, 6]], 13: 25, 25: [[7, 8, 9]] },
  ],
  [
    "GXDLMSG3Plc6LoWPan",
    92,
    {
      RoutingConfiguration: [{ NetTraversalTime: 20, RreqRetries: 2, RreqReqWait: 30, AddRevLinkCost: 1 }],
      ContextInformationTable: [{ CID: "0001", Context: "20 01 0D B8", Compression: 1, ValidLifetime: 60 }],
      BlacklistTable: [{ Key: 5, Value: 600 }],
      BroadcastLogTable: [{ SourceAddress: 1, SequenceNumber: 2, ValidTime: 3 }],
      GroupTable: [32769],
      LowLQI: 10,
      HighLQI: 90,
    },
    3,
    {
      6: [[20, 0, 0, 0, 0, 0, 0, 0, 2, 30, 0, false, false, 1]],
      9: [["0001", 32, "20010db8", true, 60]],
      10: [[5, 600]],
      11: [[1, 2, 3]],
      12: [32769],
      22: 10,
      23: 90,
    },
  ],
  ["GXDLMSIec61334_4_32LlcSetup", 55, { MaxFrameLength: 134 }, 1, { 2: 134 }],
  ["GXDLMSWirelessModeQchannel", 73, { AddressState: 1 }, 1, { 2: 1 }],
  [
    "GXDLMSCoAPDiagnostic",
    153,
    {
      RxRequests: 1,
      TxRequests: 2,
      RxResponse: 3,
      TxResponse: 4,
      TxClientError: 5,
      RxClientError: 6,
      RxServerError: 8,
    },
    0,
    { 3: [1, 2, 3, 4, 5, 6, 0, 8] },
  ],
  ["GXDLMSLteMonitoring", 151, { SignalQuality: 20, SignalLevel: 40, SignalToNoiseRatio: 3 }, 1, { 3: [20, 40, 3, 0] }],
];

it.each(cases)("%s is class %i, with all of its elements", (element, classId, elements, version, values) => {
  const { left, object } = imported(element, elements, version);
  expect(left).toEqual([]);
  expect(object).toMatchObject({ classId, version });
  for (const [id, value] of Object.entries(values))
    expect(bare(object?.attributes?.[id]), `attribute ${id}`).toEqual(value);
});

it.each([
  ["GXDLMSZigBeeSasStartup", 101],
  ["GXDLMSZigBeeSasJoin", 102],
  ["GXDLMSZigBeeSasApsFragmentation", 103],
  ["GXDLMSZigBeeNetworkControl", 104],
  ["GXDLMSZigBeeTunnelSetup", 105],
  ["GXDLMSDataProtection", 30],
  ["GXDLMSG3PlcHybridRfMacLayerCounters", 160],
  ["GXDLMSG3PlcHybridRfMacSetup", 161],
  ["GXDLMSG3PlcHybrid6LoWPANAdaptationLayerSetup", 162],
])("%s is class %i", (element, classId) => {
  const { left, object } = imported(element, {}, findClass(classId)?.version);
  expect(left).toEqual([]);
  expect(object).toMatchObject({ classId });
});

it("leaves addresses of destinations out", () => {
  const { left } = imported("GXDLMSG3Plc6LoWPan", { DestinationAddress: [32767] }, 3);
  expect(left).toEqual([{ object: ln, attribute: "adpDestinationAddressSet", why: "a secret or an identity" }]);
});

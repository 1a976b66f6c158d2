/** Elements of the PLC classes whose attribute or field has another name, as `otherNames` has those of the other classes. */
export const plcNames: { readonly [element: string]: readonly string[] } = {
  // S-FSK (53) and G3-PLC (92): tables whose rows are a key and a value.
  Key: ["macAddress", "sourceMacAddress", "blacklistedNeighbourAddress"],
  Value: ["synchronizationsCounter", "frameCounter", "validTime"],
  // LLC types 2 and 3 (58, 59).
  TransmitWindowSizeRW: ["receiveWindowSizeRw"],
  MaximumOctetsPdu: ["maxOctetsIPduN1"],
  MaximumNumberTransmissions: ["maxNumberTransmissionsN2"],
  MaximumOctetsACnPdu: ["maxOctetsAcnPduN3"],
  MaximumTransmissions: ["maxNumberTransmissionsN4"],
  // PRIME (85).
  SourceSId: ["dconnEntrySrcSid"],
  SourceLnId: ["dconnEntrySrcLnid"],
  SourceLcId: ["dconnEntrySrcLcid"],
  DestinationSId: ["dconnEntryDstSid"],
  DestinationLnId: ["dconnEntryDstLnid"],
  DestinationLcId: ["dconnEntryDstLcid"],
  Level: ["slistEntryLevel"],
  Communications: ["macListPhyComm"],
  TxPowerModified: ["phyCommTxPowerMod"],
  TxCodingModified: ["phyCommTxCodingMod"],
  RxCodingModified: ["phyCommRxCodingMod"],
  // G3-PLC (91, 92).
  NeighbourTableEntryTtl: ["macPosTableEntryTtl"],
  CscmFairnessLimit: ["macCsmaFairnessLimit"],
  Enabled: ["payloadModulationScheme"],
  RreqReqWait: ["adpRreqRerrWait"],
  Compression: ["c"],
  DestinationAddress: ["adpDestinationAddressSet"],
  LowLQI: ["adpLowLqiValue"],
  HighLQI: ["adpHighLqiValue"],
};

/** Octet-strings of the PLC classes whose text is hex. */
export const plcHexFields: readonly string[] = ["dconnEntryDid", "slistEntrySna", "phyCommEui"];

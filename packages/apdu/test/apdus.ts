// An arbitrary APDU of each form.
import fc from "fast-check";
import {
  AcseServiceProviderDiagnostic,
  AcseServiceUserDiagnostic,
  ActionResult,
  type Apdu,
  type ApduName,
  ApplicationContext,
  AssociationResult,
  Conformance,
  type ConformanceName,
  DataAccessResult,
  DedTag,
  ErrorService,
  GloTag,
  Mechanism,
  ReleaseRequestReason,
  ReleaseResponseReason,
  ServiceError,
  StateError,
} from "../src/index.ts";
import { anyData, cosemDateTime } from "./arbitraries.ts";

type Model = Record<string, fc.Arbitrary<unknown>>;
const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const i8 = fc.integer({ min: -128, max: 127 });
const i32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const octets = fc.uint8Array({ maxLength: 200 });
const nameOf = (table: object) => fc.constantFrom(...Object.keys(table));
/** A record whose optional keys may be absent. */
const some = (required: Model, optional: Model = {}) =>
  fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) });

const instanceId = fc.array(u8, { minLength: 6, maxLength: 6 }).map((groups) => groups.join("."));
const attribute = some({ classId: u16, instanceId, attributeId: i8 });
const method = some({ classId: u16, instanceId, methodId: i8 });
const access = some({ selector: u8, parameters: anyData });
const reserved = (high: number) => ({ reserved: fc.integer({ min: 1, max: high }) });
const invoke: Model = {
  invokeId: fc.nat(15),
  priority: fc.constantFrom("normal", "high"),
  serviceClass: fc.constantFrom("unconfirmed", "confirmed"),
};
const longInvoke: Model = {
  longInvokeId: fc.nat(0xffffff),
  selfDescriptive: fc.boolean(),
  processingOption: fc.constantFrom("continue-on-error", "break-on-error"),
  serviceClass: fc.constantFrom("unconfirmed", "confirmed"),
  priority: fc.constantFrom("normal", "high"),
};
const dataAccessResult = nameOf(DataAccessResult);
const getDataResult = fc.oneof(some({ data: anyData }), some({ dataAccessResult }));
const blockSA = some({ lastBlock: fc.boolean(), blockNumber: u32, rawData: octets });
const blockG = some({
  lastBlock: fc.boolean(),
  blockNumber: u32,
  result: fc.oneof(some({ rawData: octets }), some({ dataAccessResult })),
});
const listOf = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 4 });
const selected = some({ attribute }, { access });
const actionItem = some({ result: nameOf(ActionResult) }, { returnParameters: getDataResult });

/** Two lists of one length. */
const pairs = (one: string, first: fc.Arbitrary<unknown>, other: string, second: fc.Arbitrary<unknown>) =>
  listOf(fc.tuple(first, second)).map((both) => ({ [one]: both.map(([a]) => a), [other]: both.map(([, b]) => b) }));
const merged = (...parts: fc.Arbitrary<object>[]) => fc.tuple(...parts).map((all) => Object.assign({}, ...all));

const securityControl = fc.record({
  suite: fc.nat(15),
  authenticated: fc.boolean(),
  encrypted: fc.boolean(),
  broadcast: fc.boolean(),
  compressed: fc.boolean(),
});
const ciphered: Model = {
  securityControl,
  invocationCounter: u32,
  ciphertext: fc.uint8Array({ minLength: 12, maxLength: 60 }),
};
const conformance = fc
  .subarray(Object.keys(Conformance) as ConformanceName[])
  .map((names) => names.sort((a, b) => Conformance[a] - Conformance[b]));
const header: Model = {
  transactionId: octets,
  originatorSystemTitle: octets,
  recipientSystemTitle: octets,
  otherInformation: octets,
};
const dateTime = { dateTime: cosemDateTime };
const keyInfo = fc.oneof(
  some({
    choice: fc.constant("identified-key"),
    keyId: fc.constantFrom("global-unicast-encryption-key", "global-broadcast-encryption-key"),
  }),
  some({ choice: fc.constant("wrapped-key"), kekId: fc.constant("master-key"), keyCipheredData: octets }),
  some({ choice: fc.constant("agreed-key"), keyParameters: octets, keyCipheredData: octets }),
);
const blockSN = some({ lastBlock: fc.boolean(), blockNumber: u16, rawData: octets });
const variable = fc.oneof(
  some({ variableName: u16 }),
  some({ parameterizedAccess: some({ variableName: u16, selector: u8, parameter: anyData }) }),
  some({ blockNumberAccess: some({ blockNumber: u16 }) }),
  some({ readDataBlockAccess: blockSN }),
  some({ writeDataBlockAccess: some({ lastBlock: fc.boolean(), blockNumber: u16 }) }),
);
const bits = fc.array(fc.constantFrom("0", "1"), { maxLength: 20 }).map((all) => all.join(""));
const authenticationValue = fc.oneof(
  some({ choice: fc.constantFrom("charstring", "external", "other"), value: octets }),
  some({ choice: fc.constant("bitstring"), value: bits }),
);
const oid = fc
  .tuple(fc.constantFrom("0.39", "1.3", "2.16", "2.999"), listOf(fc.nat(2 ** 30)))
  .map(([root, arcs]) => [root, ...arcs].join("."));
const specification = fc.oneof(
  some({ service: fc.constantFrom("get", "set"), attribute }),
  some({ service: fc.constantFrom("get-with-selection", "set-with-selection"), attribute, access }),
  some({ service: fc.constant("action"), method }),
);
const outcome = fc.oneof(
  some({ service: fc.constantFrom("get", "set"), result: dataAccessResult }),
  some({ service: fc.constant("action"), result: nameOf(ActionResult) }),
);
const serviceError = fc
  .constantFrom(...(Object.keys(ServiceError) as (keyof typeof ServiceError)[]))
  .chain((error) => some({ error: fc.constant(error), value: nameOf(ServiceError[error]) }));
const diagnostic = fc.oneof(
  some({ source: fc.constant("acse-service-user"), diagnostic: nameOf(AcseServiceUserDiagnostic) }),
  some({ source: fc.constant("acse-service-provider"), diagnostic: nameOf(AcseServiceProviderDiagnostic) }),
);
const requirements = some({ authentication: fc.boolean() });

const invoked = (required: Model, optional: Model = {}) =>
  some({ ...invoke, ...required }, { ...optional, ...reserved(3) });
const longInvoked = (required: Model, optional: Model = {}) =>
  some({ ...longInvoke, ...required }, { ...optional, ...reserved(15) });

const forms: { readonly [N in ApduName]?: fc.Arbitrary<object> } = {
  "get-request-normal": invoked({ attribute }, { access }),
  "get-request-next": invoked({ blockNumber: u32 }),
  "get-request-with-list": invoked({ attributes: listOf(selected) }),
  "get-response-normal": invoked({ result: getDataResult }),
  "get-response-with-datablock": invoked({ block: blockG }),
  "get-response-with-list": invoked({ results: listOf(getDataResult) }),
  "set-request-normal": invoked({ attribute, value: anyData }, { access }),
  "set-request-with-first-datablock": invoked({ attribute, block: blockSA }, { access }),
  "set-request-with-datablock": invoked({ block: blockSA }),
  "set-request-with-list": merged(invoked({}), pairs("attributes", selected, "values", anyData)),
  "set-request-with-list-and-first-datablock": invoked({ attributes: listOf(selected), block: blockSA }),
  "set-response-normal": invoked({ result: dataAccessResult }),
  "set-response-datablock": invoked({ blockNumber: u32 }),
  "set-response-last-datablock": invoked({ result: dataAccessResult, blockNumber: u32 }),
  "set-response-last-datablock-with-list": invoked({ results: listOf(dataAccessResult), blockNumber: u32 }),
  "set-response-with-list": invoked({ results: listOf(dataAccessResult) }),
  "action-request-normal": invoked({ method }, { parameters: anyData }),
  "action-request-next-pblock": invoked({ blockNumber: u32 }),
  "action-request-with-list": merged(invoked({}), pairs("methods", method, "parameters", anyData)),
  "action-request-with-first-pblock": invoked({ method, block: blockSA }),
  "action-request-with-list-and-first-pblock": invoked({ methods: listOf(method), block: blockSA }),
  "action-request-with-pblock": invoked({ block: blockSA }),
  "action-response-normal": merged(invoked({}), actionItem),
  "action-response-with-pblock": invoked({ block: blockSA }),
  "action-response-with-list": invoked({ results: listOf(actionItem) }),
  "action-response-next-pblock": invoked({ blockNumber: u32 }),
  "access-request": merged(longInvoked({}, dateTime), pairs("specifications", specification, "data", anyData)),
  "access-response": merged(
    longInvoked({}, { ...dateTime, specifications: listOf(specification) }),
    pairs("data", anyData, "results", outcome),
  ),
  "data-notification": longInvoked({ body: anyData }, dateTime),
  "data-notification-confirm": longInvoked({}, dateTime),
  "event-notification-request": some({ attribute, value: anyData }, { time: cosemDateTime }),
  "general-block-transfer": some({
    lastBlock: fc.boolean(),
    streaming: fc.boolean(),
    window: fc.nat(63),
    blockNumber: u16,
    blockNumberAck: u16,
    blockData: octets,
  }),
  "general-glo-ciphering": some({ systemTitle: octets, ...ciphered }),
  "general-ded-ciphering": some({ systemTitle: octets, ...ciphered }),
  "general-ciphering": some({ ...header, ...ciphered }, { ...dateTime, keyInfo }),
  "general-signing": some({ ...header, content: octets, signature: octets }, dateTime),
  "gateway-request": some({ networkId: u8, physicalDeviceAddress: octets, content: octets }),
  "gateway-response": some({ networkId: u8, physicalDeviceAddress: octets, content: octets }),
  "read-request": some({ variables: listOf(variable) }),
  "read-response": some({
    results: listOf(
      fc.oneof(
        some({ data: anyData }),
        some({ dataAccessError: dataAccessResult }),
        some({ dataBlockResult: blockSN }),
        some({ blockNumber: u16 }),
      ),
    ),
  }),
  "write-request": pairs("variables", variable, "data", anyData),
  "unconfirmed-write-request": pairs("variables", variable, "data", anyData),
  "write-response": some({
    results: listOf(
      fc.oneof(
        some({ success: fc.constant(null) }),
        some({ dataAccessError: dataAccessResult }),
        some({ blockNumber: u16 }),
      ),
    ),
  }),
  "information-report-request": merged(
    some({}, { currentTime: fc.constant("20240627091500Z") }),
    pairs("variables", variable, "data", anyData),
  ),
  "initiate-request": some(
    {
      responseAllowed: fc.boolean(),
      proposedDlmsVersionNumber: u8,
      proposedConformance: conformance,
      clientMaxReceivePduSize: u16,
    },
    { dedicatedKey: octets, proposedQualityOfService: i8 },
  ),
  "initiate-response": some(
    {
      negotiatedDlmsVersionNumber: u8,
      negotiatedConformance: conformance,
      serverMaxReceivePduSize: u16,
      vaaName: u16,
    },
    { negotiatedQualityOfService: i8 },
  ),
  "exception-response": some(
    { stateError: nameOf(StateError), serviceError: fc.constant("invocation-counter-error") },
    { invocationCounter: u32 },
  ),
  "confirmed-service-error": some({ service: nameOf(ErrorService), serviceError }),
  aarq: some(
    { applicationContextName: fc.oneof(nameOf(ApplicationContext), oid) },
    {
      protocolVersion: bits,
      calledApTitle: octets,
      calledAeQualifier: octets,
      calledApInvocationId: i32,
      calledAeInvocationId: i32,
      callingApTitle: octets,
      callingAeQualifier: octets,
      callingApInvocationId: i32,
      callingAeInvocationId: i32,
      senderAcseRequirements: requirements,
      mechanismName: fc.oneof(nameOf(Mechanism), oid),
      callingAuthenticationValue: authenticationValue,
      implementationInformation: octets,
      userInformation: octets,
    },
  ),
  aare: some(
    {
      applicationContextName: nameOf(ApplicationContext),
      result: nameOf(AssociationResult),
      resultSourceDiagnostic: diagnostic,
    },
    {
      protocolVersion: bits,
      respondingApTitle: octets,
      respondingAeQualifier: octets,
      respondingApInvocationId: i32,
      respondingAeInvocationId: i32,
      responderAcseRequirements: requirements,
      mechanismName: nameOf(Mechanism),
      respondingAuthenticationValue: authenticationValue,
      implementationInformation: octets,
      userInformation: octets,
    },
  ),
  rlrq: some({}, { reason: nameOf(ReleaseRequestReason), userInformation: octets }),
  rlre: some({}, { reason: nameOf(ReleaseResponseReason), userInformation: octets }),
};

const cipheredForms = Object.fromEntries(
  [...Object.keys(GloTag), ...Object.keys(DedTag)].map((name) => [name, some(ciphered)]),
);

/** An arbitrary APDU of each name. */
export const apdus: [name: string, fc.Arbitrary<Apdu>][] = Object.entries({ ...forms, ...cipheredForms }).map(
  ([apdu, fields]) => [apdu, (fields as fc.Arbitrary<object>).map((rest) => ({ apdu, ...rest }) as unknown as Apdu)],
);

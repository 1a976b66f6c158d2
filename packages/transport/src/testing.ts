export {
  type ContractCase,
  callContract,
  type DuplexPair,
  datagramContract,
  duplexContract,
  lineContract,
} from "./testing/duplex-contract.ts";

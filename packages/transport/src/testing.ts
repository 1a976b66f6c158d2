export {
  type ContractCase,
  type DuplexPair,
  datagramContract,
  duplexContract,
  lineContract,
} from "./testing/duplex-contract.ts";

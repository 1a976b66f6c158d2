export { type ContractCase, type DuplexPair, datagramContract, duplexContract } from "./testing/duplex-contract.ts";

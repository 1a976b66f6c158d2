export { baudRateCharacter, baudRateOf, modeOf, type ReadoutMode } from "./baud-rates.ts";
export { blockCheck, crc16 } from "./check-values.ts";
export {
  type CipheredTelegram,
  decodeCipheredTelegram,
  encodeCipheredTelegram,
  type GcmProvider,
  openTelegram,
  sealTelegram,
  type TelegramKeys,
} from "./ciphered-telegram.ts";
export { decodeCommand, encodeCommand, type ProgrammingCommand } from "./command.ts";
export { decodeDataMessage, encodeDataMessage } from "./data-block.ts";
export { type DataSet, type DataValue, decodeLine, encodeDataSet, logicalNameOf } from "./data-set.ts";
export { ModeEClient, type ModeEClientOptions } from "./mode-e-client.ts";
export { ModeEServer, type ModeEServerOptions } from "./mode-e-server.ts";
export { type OctetParity, withoutParity, withParity } from "./parity.ts";
export { type Readout, ReadoutClient, type ReadoutClientOptions } from "./readout-client.ts";
export {
  addresses,
  decodeIdentification,
  decodeOptionSelect,
  decodeRequest,
  encodeIdentification,
  encodeOptionSelect,
  encodeRequest,
  type Identification,
  type OptionSelect,
  type Request,
} from "./sign-on.ts";
export type { SignOnOptions } from "./sign-on-client.ts";
export { decodeTelegram, encodeTelegram, type Telegram } from "./telegram.ts";
export { TelegramClient, type TelegramClientOptions } from "./telegram-client.ts";
export { TelegramServer, type TelegramServerOptions } from "./telegram-server.ts";
export { type TelegramSplit, TelegramSplitter } from "./telegram-splitter.ts";

export type { DecipherKeys, Sender } from "./decipher.ts";
export { senderOf } from "./decipher.ts";
export { Decoder, type DecoderOptions, decodeOctets, type LayerName, layers } from "./decoder.ts";
export { encodeJson, encodeXml } from "./encode.ts";
export { type Item, itemJson } from "./item.ts";
export type { TreeNode } from "./tree.ts";
export { type TreeStyle, treeText } from "./tree-text.ts";

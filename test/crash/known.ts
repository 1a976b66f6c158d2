import { fromHex } from "@dlmskit/core";

// Keys that both ends of the tests know.
export const encryptionKey: Uint8Array = fromHex("000102030405060708090a0b0c0d0e0f");
export const authenticationKey: Uint8Array = fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf");

// What do these octets say? HDLC frames out of a stream, the APDU in them, a wrapper PDU, and an APDU that is ciphered.
import { apduToJson, decodeApdu } from "@dlmskit/apdu";
import { concat, fromHex } from "@dlmskit/core";
import { FrameSplitter, frameToJson, unwrapLlc } from "@dlmskit/hdlc";
import { CounterGuard, CounterLedger, noble, Protection } from "@dlmskit/security";
import { WpduSplitter } from "@dlmskit/wrapper";

// A push of a real meter, with noise before it: the splitter finds the frame by its length.
const push = "7ea02a410883130413e6e7000f40000000000101020309060100010700ff060000067d02020f00161b1c057e";
for (const { frame, octets } of new FrameSplitter(Infinity).push(concat(fromHex("00ff"), fromHex(push)), 0)) {
  if (frame === undefined) {
    console.log(`${octets.length} octets that are no frame`);
    continue;
  }
  console.log(frameToJson(frame));
  const pdu = unwrapLlc(frame.information, "response");
  if (pdu !== undefined) console.log(JSON.stringify(apduToJson(decodeApdu(pdu))));
}

// A GET in a wrapper PDU.
for (const { source, destination, pdu } of new WpduSplitter(1024).push(
  fromHex("000100100001000dc001c100080000010000ff0200"),
)) {
  console.log(`${source} to ${destination}`, JSON.stringify(apduToJson(decodeApdu(pdu))));
}

// The example of the Green Book: a GET, authenticated and encrypted in suite 0. To open it takes the keys and the sender's title.
const ciphered = fromHex("c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b");
console.log(apduToJson(decodeApdu(ciphered)));
const protection = new Protection({
  ...{ provider: noble, suite: 0, counters: new CounterLedger({ start: 0 }), replay: new CounterGuard() },
  keys: {
    encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
    authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
  },
  systemTitle: fromHex("4d4d4d0000000001"),
  peerSystemTitle: fromHex("4d4d4d0000bc614e"),
});
const { apdu, protection: applied } = protection.open(ciphered);
console.log(applied, JSON.stringify(apduToJson(decodeApdu(apdu))));

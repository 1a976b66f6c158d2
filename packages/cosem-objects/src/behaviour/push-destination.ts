import { Fault, toHex } from "@dlmskit/core";
import { PushMessage, TransportService } from "../classes/access/push-setup.ts";

/** send_destination_and_method of any version. */
export interface SendDestination {
  readonly transportService: number;
  readonly destination: Uint8Array;
  readonly message: number;
}

const { tcp, udp, hdlc } = TransportService;
const usualPort = 4059;

const unusable = (message: string, hint: string): Fault =>
  new Fault("push-destination", message, { layer: "cosem", hint });

/**
 * The destination of a push as a URL: `tcp://host:port`, `udp://host:port`, `hdlc://host:port`; `client:16` is the open connection of this
 * client (HDLC with a destination that is not host and port). A destination that is already a URL or `client:16` is not changed. Fault
 * `push-destination` for a transport service or a message format that is not supported, and for a destination that cannot be parsed.
 */
export function destinationOf({ transportService, destination, message }: SendDestination, client: number): string {
  if (message !== PushMessage.axdr) {
    throw unusable(`message type ${message} is not served`, "set message in send_destination_and_method to 0 (A-XDR)");
  }
  const text = String.fromCharCode(...destination);
  if (/^(?:[a-z]+:\/\/[\x21-\x7e]+|client:\d+)$/.test(text)) return text;
  const place = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?$/.test(text) ? text : undefined;
  const at = (scheme: string): string => {
    if (place === undefined) {
      throw unusable(
        `the destination ${toHex(destination)} is not host:port`,
        'write destination as text, "192.0.2.7:4059" for example',
      );
    }
    return `${scheme}://${/:\d{1,5}$/.test(place) ? place : `${place}:${usualPort}`}`;
  };
  switch (transportService) {
    case tcp:
      return at("tcp");
    case udp:
      return at("udp");
    case hdlc:
      return place !== undefined && /:\d{1,5}$/.test(place) ? at("hdlc") : `client:${client}`;
    default:
      throw unusable(
        `transport service ${transportService} is not served`,
        "set transport_service in send_destination_and_method to 0 (TCP), 1 (UDP) or 5 (HDLC)",
      );
  }
}

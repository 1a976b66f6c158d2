// What every JavaScript host has and the ECMAScript library does not declare. The pure packages see this and nothing
// else of a host: no DOM, no Node.
declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array): string;
}

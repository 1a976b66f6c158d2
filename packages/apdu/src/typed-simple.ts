import type { Codec, Fault, Reader } from "@dlmskit/core";
import { inlined, ownInlineOf, prefixed } from "@dlmskit/core/internal";
import { DataTag, type DataTypeName, tagText, typeOfTag } from "./data-type.ts";
import type { DataShape } from "./typed-shape.ts";

/** A codec of one tagged Data value that gives a program value without a Data tree. `types` are the tags that it reads; none means any. */
export interface TypedCodec<V> extends Codec<V> {
  readonly types: readonly DataTypeName[];
  readonly shape: DataShape;
}

/** Fault `type-unmatched`, to be thrown, with the actual type and the expected types. */
export function wrong(from: Reader, wanted: readonly DataTypeName[], at: number): Fault {
  const found = from.octets[at] as number;
  return from.fault(
    "type-unmatched",
    `${typeOfTag[found] ?? `tag ${tagText(found)}`} where ${wanted.join(" or ")} belongs`,
    at,
  );
}

/** The tag of a type, then a value. `shape`: further details of the value. */
export function simple<V>(type: DataTypeName, inner: Codec<V>, shape = { type } as DataShape): TypedCodec<V> {
  const tag = DataTag[type];
  const types = [type];
  const codec: TypedCodec<V> = {
    types,
    shape,
    read(from) {
      const at = from.at;
      if (from.u8() !== tag) throw wrong(from, types, at);
      return inner.read(from);
    },
    write(value, to) {
      to.u8(tag);
      inner.write(value, to);
    },
    toJson: inner.toJson,
    fromJson: inner.fromJson,
  };
  const inline = ownInlineOf(inner);
  return inline === undefined ? codec : inlined(codec, prefixed([tag], inline));
}

import type { Data } from "@dlmskit/apdu";
import type { Session } from "@dlmskit/client";
import { Fault } from "@dlmskit/core";

interface Reference {
  readonly classId: number;
  readonly instanceId: string;
  readonly attributeId: number;
}

export type ReadResult = { readonly data: Data } | { readonly error: string };

/** Whether the meter answered, with octets that cannot be decoded. The association goes on. */
const isUndecodable = (caught: unknown): caught is Fault =>
  caught instanceof Fault && (caught.layer === "xdlms" || caught.layer === "axdr");

/**
 * Reads attributes in lists. If an answer cannot be decoded, the attributes are read one at a time: those that can be decoded
 * have their data, the others the code of the Fault as `error`.
 */
export async function readEach(session: Session, references: readonly Reference[]): Promise<readonly ReadResult[]> {
  try {
    return (await session.get(references)) as readonly ReadResult[];
  } catch (caught) {
    if (!isUndecodable(caught)) throw caught;
  }
  const results: ReadResult[] = [];
  for (const reference of references) {
    try {
      const [result] = (await session.get([reference])) as readonly ReadResult[];
      results.push(result ?? { error: "other-reason" });
    } catch (caught) {
      if (!isUndecodable(caught)) throw caught;
      results.push({ error: caught.code });
    }
  }
  return results;
}

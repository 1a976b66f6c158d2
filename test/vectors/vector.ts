export interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly hex: string;
  readonly valid: boolean;
  readonly transport?: string;
  readonly quirk?: readonly string[];
  readonly keys?: { readonly [name: string]: string };
  // biome-ignore lint/suspicious/noExplicitAny: vectors are data of many shapes
  readonly decoded: any;
}

/** Throws unless both say the same: no assertion library, since it runs in a browser too. */
export function same(found: unknown, wanted: unknown): void {
  const [one, other] = [found, wanted].map((value) =>
    JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part)),
  );
  if (one !== other) throw new Error(`${one} instead of ${other}`);
}

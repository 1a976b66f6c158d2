import { T } from "@dlmskit/apdu";
import {
  type AnyObject,
  type Context,
  type PaymentEvent,
  type PrepaymentOptions,
  prepayment,
  readAttribute,
  register,
  type TokenReading,
  writeAttribute,
} from "../../../src/index.ts";
import { Life } from "../a-life.ts";

/** `"7 500"` is a token of identifier 7 that credits 500; other texts fail as they say. */
export const textTokens = {
  read(token: Uint8Array): TokenReading {
    const text = String.fromCharCode(...token);
    const found = /^(\d+) (-?\d+)$/.exec(text);
    if (found !== null) {
      return { result: "valid", identifier: BigInt(found[1] as string), credits: BigInt(found[2] as string) };
    }
    if (text === "broken") throw new Error("no decoder");
    return { result: text === "forged" ? "authentication-failure" : "format-failure", dataValue: "101" };
  },
};

export const octets = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Methods and attributes of an object as anybody reaches them. */
export function reach(object: AnyObject, context: () => Context) {
  return {
    call: (method: string, argument: unknown = 0) =>
      object.hooks.invoke?.[method]?.(object.values as never, argument as never, context()),
    // biome-ignore lint/suspicious/noExplicitAny: any attribute's value
    read: (name: string): any => {
      const hook = object.hooks.read?.[name];
      return hook === undefined ? object.values[name] : hook(object.values as never, context());
    },
    write: (name: string, value: never) =>
      writeAttribute(
        object,
        object.values,
        object.spec.attributes[name].id,
        dataOfAttribute(object, name, value),
        context(),
      ),
  };
}

const dataOfAttribute = (object: AnyObject, name: string, value: unknown) => {
  const copy = { ...object, values: { ...object.values, [name]: value }, hooks: {} };
  return readAttribute(copy, copy.values, object.spec.attributes[name].id, {} as Context) as never;
};

const start = "2026-03-01 00:00";

/** A meter that charges 0.30 for a kWh, in cents, from 1 March 2026 00:00 on in Berlin. */
export function aMeter(more: Partial<PrepaymentOptions> = {}, others: readonly AnyObject[] = [], from = start) {
  const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 1000, unit: "Wh" });
  const events: string[] = [];
  const all = prepayment({
    commodity: energy,
    currency: { name: "EUR", scale: -2 },
    price: { value: 30, scale: -2, per: 3 },
    tokens: textTokens,
    happened: (event: PaymentEvent, { now }) => void events.push(`${life.text(now).slice(11)} ${event}`),
    ...more,
  });
  const life: Life = new Life([energy, ...all.objects, ...others], from);
  const use = (object: AnyObject) => reach(object, () => life.of(object));
  /** Events since they were asked last. */
  const told = (): string[] => events.splice(0);
  const consume = (wh: number): void => {
    energy.values.value += wh;
  };
  const enter = (text: string): number => {
    use(all.gateway).call("enter", octets(text));
    return all.gateway.values.tokenStatus.statusCode;
  };
  return { ...all, energy, life, use, told, consume, enter, supply: all.disconnectControl };
}

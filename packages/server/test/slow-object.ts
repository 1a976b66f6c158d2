import { T } from "@dlmskit/apdu";
import { dataObject } from "@dlmskit/cosem-objects";

/** A Data object whose value is read when `answer` is called. */
export function slowObject() {
  let end: (value: string) => void = () => undefined;
  const object = dataObject(
    "0.0.96.1.0.255",
    { type: T.visibleString, value: "" },
    {
      read: {
        value: () =>
          new Promise<string>((resolve) => {
            end = resolve;
          }),
      },
    },
  );
  return { object, answer: (value: string) => end(value) };
}

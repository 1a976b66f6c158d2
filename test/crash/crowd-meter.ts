import { T } from "@dlmskit/apdu";
import { dataObject, interfaceClass, object, register } from "@dlmskit/cosem-objects";
import { lls, meter, none } from "@dlmskit/server";

const Counter = interfaceClass({
  ...{ classId: 9002, version: 0, name: "Counter" },
  attributes: { count: { id: 2, type: T.doubleLongUnsigned } },
  methods: { add: { id: 1, argument: T.unsigned, result: T.doubleLongUnsigned } },
});

export const notes = 40;
export const longOctets = Uint8Array.from({ length: 20_000 }, (_, at) => (at * 31) & 0xff);
export const noteName = (at: number): string => `0.0.96.1.${at}.255`;
export const long = { classId: 1, instanceId: "0.0.96.2.0.255", attributeId: 2 };
export const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };
export const counted = { classId: 9002, instanceId: "0.0.96.50.0.255" };
export const password = "reader-secret";

/** A meter of short and long values, and of one that counts. */
export const oneMeter = () =>
  meter({
    name: "MNY0000000000001",
    objects: [
      register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 1234, unit: "Wh" }),
      dataObject(long.instanceId, { type: T.octetString, value: longOctets }),
      ...Array.from({ length: notes }, (_, at) => dataObject(noteName(at), { type: T.doubleLongUnsigned, value: 0 })),
      object(
        Counter,
        counted.instanceId,
        { count: 0 },
        {
          invoke: {
            add(values, step) {
              values.count += step;
              return values.count;
            },
          },
        },
      ),
    ],
    associations: {
      public: { client: 16, security: none(), access: "read" },
      reader: { client: 32, security: lls(password), access: "full" },
    },
  });

import { fromAscii, sameOctets } from "@dlmskit/core";
import { SapAssignment } from "../classes/access/sap-assignment.ts";
import type { Values } from "../interface-class.ts";
import { type CosemObject, type DeviceView, object } from "../object.ts";
import { refuse } from "../refusal.ts";

type SapValues = Values<typeof SapAssignment>;
type Devices = DeviceView["devices"];

const managementSap = 1;
const disconnected = 0;

/**
 * 2 to 0x0F are reserved, 0x7F (in HDLC addresses of four octets 0x3FFF) is all stations. Green Book, IEC 62056-46 6.4.2.3 and IEC 62056-47
 * 5.3.2.
 */
const isReserved = (sap: number): boolean => sap < 0x10 || sap === 0x7f || sap === 0x3fff;

/**
 * The object 0.0.41.0.0.255. It lists the logical devices of the meter, and connect_logical_device assigns another SAP to a logical device.
 * SAP 0 disconnects: any number of logical devices may have it, and no client can reach them. Refused with other-reason: an unknown logical
 * device name, a SAP that another logical device has, a reserved SAP (2 to 15, 0x7F, 0x3FFF), and any SAP other than 1 for the management
 * logical device.
 */
export const sapAssignment = (): CosemObject<typeof SapAssignment> =>
  object(
    SapAssignment,
    "0.0.41.0.0.255",
    { sapAssignmentList: [] },
    {
      read: {
        sapAssignmentList: (_, { device }) =>
          device.devices.map(({ sap, name }) => ({ sap, logicalDeviceName: fromAscii(name) })),
      },
      invoke: {
        connectLogicalDevice(values, { sap, logicalDeviceName }, { device: { devices } }) {
          const connected = devices.find(({ name }) => sameOctets(fromAscii(name), logicalDeviceName));
          if (connected === undefined) throw refuse("other-reason", "there is no logical device with that name");
          if (sap === connected.sap) return;
          check(sap, connected, devices);
          const { templateSap } = connected;
          const others = assignedSaps(values).filter((one) => one.templateSap !== templateSap);
          values.state = sap === templateSap ? others : [...others, { templateSap, sap }];
        },
      },
    },
  );

function check(sap: number, connected: Devices[number], devices: Devices): void {
  if (connected.templateSap === managementSap) {
    throw refuse("other-reason", "the management logical device must have the SAP 1");
  }
  if (sap === disconnected) return;
  if (isReserved(sap) && sap !== connected.templateSap) throw refuse("other-reason", `SAP ${sap} is reserved`);
  if (devices.some((one) => one.sap === sap))
    throw refuse("other-reason", `SAP ${sap} is used by another logical device`);
}

/** The logical devices whose SAP differs from that of the template. */
export const assignedSaps = ({ state }: Readonly<SapValues>): NonNullable<SapValues["state"]> =>
  Array.isArray(state) ? state : [];

import type { ClassSpec } from "../../interface-class.ts";
import { ArrayManager } from "./array-manager.ts";
import { AssociationLn0, AssociationLn1, AssociationLn2, AssociationLn3 } from "./association-ln.ts";
import { AssociationSn0, AssociationSn1, AssociationSn2, AssociationSn3, AssociationSn4 } from "./association-sn.ts";
import { CommunicationPortProtection } from "./communication-port-protection.ts";
import { DataProtection } from "./data-protection.ts";
import { FunctionControl } from "./function-control.ts";
import { ImageTransfer } from "./image-transfer.ts";
import { PushSetup0, PushSetup1, PushSetup2, PushSetup3 } from "./push-setup.ts";
import { SapAssignment } from "./sap-assignment.ts";
import { SecuritySetup0, SecuritySetup1 } from "./security-setup.ts";

/** The classes for access control and management (Blue Book 4.4), by id and version. */
export const accessClasses: readonly ClassSpec[] = [
  AssociationSn0,
  AssociationSn1,
  AssociationSn2,
  AssociationSn3,
  AssociationSn4,
  AssociationLn0,
  AssociationLn1,
  AssociationLn2,
  AssociationLn3,
  SapAssignment,
  ImageTransfer,
  DataProtection,
  PushSetup0,
  PushSetup1,
  PushSetup2,
  PushSetup3,
  SecuritySetup0,
  SecuritySetup1,
  FunctionControl,
  ArrayManager,
  CommunicationPortProtection,
];

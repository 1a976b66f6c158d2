import type { ClassSpec } from "../../interface-class.ts";
import { Account } from "./account.ts";
import { Charge } from "./charge.ts";
import { Credit } from "./credit.ts";
import { Iec6205541Attributes } from "./iec-62055-41-attributes.ts";
import { TokenGateway } from "./token-gateway.ts";

/** The classes for payment metering (Blue Book 4.6), by id and version. */
export const paymentClasses: readonly ClassSpec[] = [Account, Credit, Charge, TokenGateway, Iec6205541Attributes];

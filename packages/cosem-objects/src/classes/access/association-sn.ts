import { T } from "@dlmskit/apdu";
import { interfaceClass } from "../../interface-class.ts";
import { ValueDefinition } from "../common-types.ts";
import { AssociationUser } from "./association-users.ts";

/** An element of the object list. A base name has 16 bits; in the standard's type it is negative from 0x8000 on. */
export const ShortNameListElement = T.structure({
  baseName: T.long,
  classId: T.longUnsigned,
  version: T.unsigned,
  instanceId: T.logicalName,
});
const AttributeAccess = T.structure({
  attributeId: T.integer,
  accessMode: T.enum,
  accessSelectors: T.nullable(T.array(T.integer)),
});
const MethodAccess = T.structure({ methodId: T.integer, accessMode: T.enum });
/** The rights to an object, as listed in attribute 3: access modes in the form of the version (bits in version 4). */
export const ShortNameAccessRights = T.structure({
  baseName: T.long,
  attributeAccess: T.array(AttributeAccess),
  methodAccess: T.array(MethodAccess),
});

const attributes0 = {
  /** Selectors: 1 by class, 2 by class and logical name, 3 by base name. */
  objectList: { id: 2, type: T.array(ShortNameListElement), static: true, access: "r", selectors: [1, 2, 3] },
} as const;

const methods0 = {
  getlistByClassid: { id: 1, argument: T.any },
  getobjByLogicalname: { id: 2, argument: T.any },
  readByLogicalname: { id: 3, argument: T.array(ValueDefinition) },
  getAttributesServices: { id: 4, argument: T.any },
  changeLlsSecret: { id: 5, argument: T.octetString },
  changeHlsSecret: { id: 6, argument: T.octetString },
  getHlsChallenge: { id: 7, argument: T.any },
  replyToHlsChallenge: { id: 8, argument: T.octetString },
} as const;

/** Association SN (class 12, version 0; Blue Book 4.4.3): the object list and the rights of an association that uses short names. */
export const AssociationSn0 = interfaceClass({
  classId: 12,
  version: 0,
  name: "Association SN",
  attributes: attributes0,
  methods: methods0,
  confidence: "medium",
  methodOffset: 0x20,
});

const methods1 = {
  readByLogicalname: methods0.readByLogicalname,
  changeLlsSecret: methods0.changeLlsSecret,
  changeHlsSecret: methods0.changeHlsSecret,
  getAttributesMethods: { id: 4, argument: T.any },
  replyToHlsAuthentication: { id: 8, argument: T.octetString },
} as const;

/** Association SN (class 12), version 1. */
export const AssociationSn1 = interfaceClass({
  classId: 12,
  version: 1,
  name: "Association SN",
  attributes: attributes0,
  methods: methods1,
  confidence: "medium",
  methodOffset: 0x20,
});

const attributes2 = {
  ...attributes0,
  accessRightsList: { id: 3, type: T.array(ShortNameAccessRights), static: true, access: "r" },
  securitySetupReference: { id: 4, type: T.logicalName, static: true, access: "r" },
} as const;

const methods2 = {
  readByLogicalname: methods0.readByLogicalname,
  replyToHlsAuthentication: methods1.replyToHlsAuthentication,
  changeSecret: { id: 5, argument: T.octetString },
} as const;

/** Association SN (class 12), version 2. */
export const AssociationSn2 = interfaceClass({
  classId: 12,
  version: 2,
  name: "Association SN",
  attributes: attributes2,
  methods: methods2,
  methodOffset: 0x20,
});

const attributes3 = {
  ...attributes2,
  userList: { id: 5, type: T.array(AssociationUser), static: true, access: "r" },
  currentUser: { id: 6, type: AssociationUser, static: false },
} as const;

const methods3 = {
  ...methods2,
  addUser: { id: 9, argument: AssociationUser },
  removeUser: { id: 10, argument: AssociationUser },
} as const;

/** Association SN (class 12), version 3. */
export const AssociationSn3 = interfaceClass({
  classId: 12,
  version: 3,
  name: "Association SN",
  attributes: attributes3,
  methods: methods3,
  methodOffset: 0x20,
});

/** Association SN (class 12), version 4. */
export const AssociationSn4 = interfaceClass({
  classId: 12,
  version: 4,
  name: "Association SN",
  attributes: attributes3,
  methods: methods3,
  methodOffset: 0x20,
});

/** Cells in which a declaration differs from the catalogue on purpose, and why. */
export const exceptions: readonly { readonly cells: RegExp; readonly why: string }[] = [
  { cells: /^1v0 attribute 2 type$/, why: "any Data, delta types and dont-care with it" },
  { cells: /^7v1 attribute 2 type$/, why: "a row is not read as a structure: rows are encoded already" },
  {
    cells: /^7v0 attribute 2 selectors$/,
    why: "version 0 has them beside methods 3 and 4; the catalogue does not list them",
  },
  { cells: /^12v. attribute 2 selectors$/, why: "the catalogue does not list them" },
  { cells: /^8v0 method 5 argument$/, why: "the octet-strings hold date-times" },
  {
    cells: /^15v. (attribute 2 type|method [34] argument)$/,
    why: "attribute_access and method_access are attributes and methods of accessRights, access_selectors are selectors",
  },
  {
    cells: /^(15v. attribute 2|12v[23] attribute 3) enum (attribute|method)AccessMode$/,
    why: "what the modes of each version are is told by AccessMode and MethodAccessMode of access.ts, as bits",
  },
  {
    cells: /^15v. attribute [46] type$/,
    why: "meters send the arcs of an object identifier in several types: a client reads them all",
  },
  { cells: /^15v0 attribute 7 name$/, why: "secret in every version, so that what writes it need not ask" },
  { cells: /^15v. method 1 result$/, why: "the catalogue has not all results" },
  { cells: /^30v0 method [13] result$/, why: "the catalogue has not all results" },
  { cells: /^112v0 method 2 result$/, why: "the catalogue has not all results" },
  {
    cells: /^19v0 attribute 2 enum$/,
    why: "one enumeration for both versions: the range of version 0 is not verified",
  },
  {
    cells: /^30v0 method [123] (argument|enum (restrictionType|protectionType|keyInfoType|keyId|kekId))$/,
    why: "the arrays have the elements of the attributes of the same names",
  },
  {
    cells: /^(42v0 attribute 5|44v0 attribute 3|44v0 attribute 4|76v0 attribute 9) enum/,
    why: "the numbers are unsigned, not enum: their names are IpOptionType, LcpOptionType, … (see below)",
  },
  { cells: /^48v0 method 2 enum ipv6AddressType$/, why: "as in method 1" },
  { cells: /^64v. attribute [45] type$/, why: "no octets where no system title is known" },
  { cells: /^64v. method 2 argument$/, why: "key_wrapped is wrapped" },
  {
    cells: /^64v0 method (2 enum keyId|1 enum)$/,
    why: "one type for the keys of both versions; the policies are those of attribute 2",
  },
  {
    cells: /^64v1 method [78] (argument|enum .*)$/,
    why: "the options are one of CertificateByEntity and CertificateBySerial, which the type tells",
  },
  { cells: /^64v1 method 3 result$/, why: "the catalogue has not all results" },
];

/** What each package may import of the workspace: the arrows of the architecture, and nothing else. */
export const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  hdlc: ["core"],
  wrapper: ["core"],
  mbus: ["core"],
  "iec62056-21": ["core"],
  apdu: ["core"],
  transport: ["core"],
  storage: ["core"],
  security: ["core", "apdu"],
  "cosem-objects": ["core", "apdu"],
  "storage-pg": ["core", "storage"],
  association: ["core", "apdu", "security"],
  capture: ["core", "hdlc", "wrapper", "mbus", "iec62056-21", "apdu", "security", "cosem-objects"],
  client: ["core", "apdu", "security", "association", "cosem-objects", "transport"],
  server: ["core", "apdu", "security", "association", "cosem-objects", "storage", "transport"],
  simulator: [
    ...["core", "hdlc", "wrapper", "mbus", "iec62056-21", "apdu", "transport", "storage"],
    ...["security", "cosem-objects", "association", "client", "server"],
  ],
  cli: [
    ...["core", "hdlc", "wrapper", "mbus", "iec62056-21", "apdu", "transport", "storage", "security"],
    ...["cosem-objects", "storage-pg", "association", "client", "server", "simulator", "capture"],
  ],
  bench: [
    ...["core", "hdlc", "wrapper", "apdu", "transport", "storage", "security", "cosem-objects"],
    ...["storage-pg", "association", "client", "server", "simulator", "cli"],
  ],
  fuzz: ["core", "hdlc", "wrapper", "mbus", "iec62056-21", "apdu", "capture"],
};

const purePackages = [
  ...["core", "hdlc", "wrapper", "mbus", "iec62056-21", "apdu", "security", "association", "cosem-objects"],
  "capture",
];

/** Whether a source file belongs to the pure part of its package: no I/O, no clock, no randomness, nothing asynchronous. */
export const isPure = (name: string, file: string): boolean =>
  purePackages.includes(name) && !(name === "security" && /^src\/node[./]/.test(file));

/** Which source files may name which of the modules that are fenced in. */
export const keepers: readonly { readonly modules: RegExp; readonly files: RegExp }[] = [
  { modules: /^(node:)?(tls|dgram|http|https|http2|dns)$/, files: /^transport\/src\/node[./]/ },
  // The benchmarks measure a bare socket, and bare node:crypto below, beside what is built on it.
  { modules: /^(node:)?net$/, files: /^(transport\/src\/node[./]|bench\/src\/server\/)/ },
  { modules: /^serialport$/, files: /^transport\/src\/serial[./]/ },
  { modules: /^prom-client$/, files: /^server\/src\/prometheus\.ts$/ },
  { modules: /^(node:)?crypto$/, files: /^(security\/src\/node[./]|bench\/src\/)/ },
  { modules: /^(pg|@electric-sql\/pglite)(\/|$)/, files: /^storage-pg\/src\// },
];

// What `@dlmskit/security/node` is in a browser: the provider that runs in every JavaScript host.
export { noble as node, noble as openssl } from "./noble.ts";

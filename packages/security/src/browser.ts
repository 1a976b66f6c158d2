// In a browser, `@dlmskit/security/node` is the provider that runs in every JavaScript host.
export { noble as node, noble as openssl } from "./noble.ts";

export * from "./offer.ts";
export * from "./outputs.ts";
export * from "./responder.ts";
export * from "./services.ts";

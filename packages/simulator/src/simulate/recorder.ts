import { after, isLater, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Interceptor, MeterStore, Outcome } from "@dlmskit/server";
import type { ClientAssociation, Store, Stored } from "@dlmskit/storage";
import { SimulatedMeter } from "../meter/simulated-meter.ts";
import type { SimulatorTemplate } from "../templates/template.ts";

/** How many entries a log of what clients did keeps in the store. */
const logKept = 1000;

/** Waits for what a meter must know before it is read, and writes into its logs what clients change. */
export function recorder(template: SimulatorTemplate): Interceptor {
  const record = (own: SimulatedMeter, call: Parameters<Interceptor>[0], outcome: Outcome): MaybePromise<Outcome> => {
    if (outcome.service === "get" || template.eventOf === undefined) return outcome;
    const done = outcome.service === "set" ? outcome.result : outcome.result.result;
    const event = done === "success" ? template.eventOf(call) : undefined;
    if (event === undefined) return outcome;
    return own.journal.append(event.log, event.code, call.meter.now, logKept).then(() => outcome);
  };
  return (call, next) => {
    const { own } = call.meter.identity;
    if (!(own instanceof SimulatedMeter)) return next();
    const loading = own.journal.load();
    if (loading !== undefined) return loading.then(() => after(next(), (outcome) => record(own, call, outcome)));
    const outcome = next();
    return isLater(outcome) ? outcome.then((now) => record(own, call, now)) : record(own, call, outcome);
  };
}

/** The store as a server sees it: connections are written with the association that they are of. */
export function serverStore(store: Store, associations: readonly Stored<ClientAssociation>[]): MeterStore {
  const idOf = new Map(associations.map(({ id, clientId }) => [clientId, id]));
  const { connections, captures, meters, counters, securitySettings, values } = store;
  return {
    ...{ captures, meters, counters, securitySettings, values },
    connections: {
      open(connection) {
        const associationId = connection.clientId === undefined ? undefined : idOf.get(connection.clientId);
        return connections.open({ ...connection, ...(associationId === undefined ? {} : { associationId }) });
      },
      touch: (ids, at, status) => connections.touch(ids, at, status),
      close: (ids, at) => connections.close(ids, at),
      list: (filter) => connections.list(filter),
      forget: (before) => connections.forget(before),
    },
  };
}

import { after, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Call, Interceptor, MeterStore, Outcome } from "@dlmskit/server";
import type { ClientAssociation, Store, Stored } from "@dlmskit/storage";
import { logKept } from "../meter/journal.ts";
import { SimulatedMeter } from "../meter/simulated-meter.ts";
import type { SimulatorTemplate } from "../templates/template.ts";

/** Writes the changes of clients into the logs of a meter. The log entry is stored together with the change, or neither is stored. */
export function recorder({ eventOf }: SimulatorTemplate): Interceptor {
  if (eventOf === undefined) return (_, next) => next();
  const record = (call: Call, outcome: Outcome): MaybePromise<Outcome> => {
    const { own } = call.meter.identity;
    const done = outcome.error === undefined || outcome.error === "success";
    const event = done ? eventOf(call) : undefined;
    if (event === undefined || call.object === undefined || !(own instanceof SimulatedMeter)) return outcome;
    const { now } = call.view.context(call.object);
    return after(own.journal.append(call.view, event.log, event.code, now, logKept), () => outcome);
  };
  return (call, next) => {
    const outcome = next();
    return call.do === "read" || call.association === undefined
      ? outcome
      : after(outcome, (done) => record(call, done));
  };
}

/** The store for a server. Connections are written together with their association. */
export function serverStore(store: Store, associations: () => readonly Stored<ClientAssociation>[]): MeterStore {
  const { connections, keeping, counters, messageQueue } = store;
  return {
    ...{ keeping, counters, messageQueue },
    onChange: (listener) => store.onChange(listener),
    connections: {
      open(connection) {
        const associationId = associations().find(({ clientId }) => clientId === connection.clientId)?.id;
        return connections.open({ ...connection, ...(associationId === undefined ? {} : { associationId }) });
      },
      touch: (ids, at, status) => connections.touch(ids, at, status),
      close: (ids, at) => connections.close(ids, at),
      list: (filter) => connections.list(filter),
      forget: (before) => connections.forget(before),
      askEnd: (id) => connections.askEnd(id),
      onEnd: (listener) => connections.onEnd(listener),
    },
  };
}

// Test a head-end system: a meter on a line in memory that is slow, cut into pieces and loses some; time passes as it is told to.
import { T } from "@dlmskit/apdu";
import { connect } from "@dlmskit/client";
import { Primary, Station } from "@dlmskit/hdlc";
import type { Interceptor } from "@dlmskit/server";
import { createSimulator } from "@dlmskit/simulator";
import { memoryPair, VirtualClock } from "@dlmskit/transport";

const clock = new VirtualClock({ epoch: Date.UTC(2026, 2, 28, 18, 30) });
// Every third GET fails for a while: what does the system under test make of it?
let gets = 0;
const faulty: Interceptor = (call, next) => {
  if (call.do !== "read" || ++gets % 3 !== 0) return next();
  return { error: "temporary-failure" };
};
await using simulator = await createSimulator({ seed: "hes", clock, interceptors: [faulty] });

// 50 to 200 ms late, cut into pieces, 960 octets a second, one piece in fifty lost. HDLC repeats what is lost.
const [here, there] = memoryPair({ clock, seed: 7, latency: [50, 200], split: 64, rate: 960, loss: 0.02 });
const station = new Station({ addresses: [{ upper: 1, lower: 17 }] });
simulator.server.accept(there, station, ({ server: device }) => ({ meter: simulator.meter(0), device }));

/** Lets virtual time pass until the promise settles. */
async function soon<V>(promise: Promise<V>): Promise<V> {
  const pending = {};
  while ((await Promise.race([promise, pending]).catch(() => 0)) === pending) await clock.advanceAsync(100);
  return promise;
}

const link = new Primary({ client: 16, server: { upper: 1, lower: 17 } });
const session = await soon(connect({ duplex: here, link }, { clock, timeout: 60_000 }));
const time = { classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 };
for (let read = 0; read < 4; read++) {
  const text = session.read(time, T.dateTimeOctets).then(({ hour, minute }) => `${hour}:${minute}`);
  console.log(await soon(text.catch(({ code }) => code)));
  await clock.advanceAsync(60_000);
}
await soon(session.release());

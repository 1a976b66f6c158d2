// A server in a process that may open few files (`ulimit -n`): says what its listener tells, a line each.
import { tcpListen } from "../src/node.ts";

const listener = await tcpListen({
  port: 0,
  accept: (duplex) => duplex.start({ received: (octets) => duplex.send(octets), closed: () => undefined }),
  failed: (fault) => console.log(JSON.stringify(fault)),
});
console.log(JSON.stringify({ port: listener.port }));

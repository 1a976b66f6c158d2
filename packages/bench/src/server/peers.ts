import { connect, type Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

// Clients that send one request repeatedly and read the answers, in their own thread.

interface Peers {
  readonly port: number;
  readonly sockets: number;
  readonly open: Uint8Array;
  readonly request: Uint8Array;
}

const { port, sockets, open, request } = workerData as Peers;
const requests = Buffer.concat(Array.from({ length: Math.ceil(0x10000 / request.length) }, () => request));

function send(socket: Socket): void {
  while (socket.write(requests));
  socket.once("drain", () => send(socket));
}

for (let at = 0; at < sockets; at++) {
  const socket = connect(port, "127.0.0.1", () => {
    socket.write(open);
    setTimeout(() => send(socket), 50);
  });
  socket.on("error", () => undefined);
  socket.resume();
}
setTimeout(() => parentPort?.postMessage("sending"), 500);

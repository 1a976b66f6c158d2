// Clients of all kinds of one meter until SIGTERM: node child-crowd.js PORT COUNT. Tells each second, and at the end, what they did.
import { Crowd } from "./crowd.ts";

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
const crowd = new Crowd(port);
const all = crowd.begin(count);
const tell = (): void => void process.stdout.write(`${JSON.stringify(crowd.tally)}\n`);
const telling = setInterval(tell, 1000);
process.once("SIGTERM", () => {
  crowd.over = true;
  clearInterval(telling);
  void Promise.all(all).then(() => {
    tell();
    process.stdout.write("end\n", () => process.exit(0));
  });
});

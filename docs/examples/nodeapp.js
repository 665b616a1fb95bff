// nodeapp: serves requests, several at a time. A line of standard input is a path, and is answered with a line.
const { USDTProvider } = require("usdt");

const provider = new USDTProvider("nodeapp");
const requestStart = provider.addProbe("request__start", "int");
const requestDone = provider.addProbe("request__done", "int", "int", "char *");
const waiting = provider.addProbe("waiting", "int");
provider.enable();

let requests = 0;
let open = 0;

async function serve(path) {
  const id = ++requests;
  requestStart.fire(() => [id]);
  open++;
  waiting.fire(() => [open]);
  await new Promise((resolve) => setTimeout(resolve, path === "/slow" ? 20 : 1));
  const status = path.startsWith("/") ? 200 : 404;
  open--;
  waiting.fire(() => [open]);
  requestDone.fire(() => [id, status, path]);
  console.log(status);
}

console.log("ready");
require("readline").createInterface({ input: process.stdin }).on("line", serve);

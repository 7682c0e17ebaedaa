// Run it: node examples/web-handler.mts   (Ctrl-C ends it). Then:
//   curl -H 'content-type: application/json' -d '{"name":"Ada"}' localhost:8080; curl localhost:8080/ID
//
// A web service that hands long work to the queue: POST answers 202 with the job's id as soon as the job is durable, GET
// tells its state. It runs nothing itself; start workers beside it: queuectl --db web.db worker start
//
// Loopback is no protection: any page that a browser on this machine shows can send requests here. So a caller chooses
// one argument of one program, never a command; a type is asked for that other sites may not send unasked; and the name
// by which it was called must be its own, whatever DNS says. It knows no users: for other machines, put what does in front.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { openQueue } from "queuectl";

const HOSTS = /^(localhost|127\.0\.0\.1)(:\d+)?$/;
const MOST_BYTES = 10_000;

const queue = await openQueue({ db: process.env["QUEUECTL_DB"] ?? "./web.db" });

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!HOSTS.test(request.headers.host ?? "")) return send(response, 403, { error: "Not by this name" });
  if (request.method === "POST") {
    if (request.headers["content-type"] !== "application/json")
      return send(response, 415, { error: "Send application/json" });
    const name = readName(await readBody(request));
    if (name === undefined) return send(response, 400, { error: 'Send {"name":"…"}' });
    // No shell, and the name is one argument whatever is in it.
    const { id } = await queue.enqueue({ argv: ["printf", "Hello, %s\\n", name], maxRetries: 2 });
    return send(response, 202, { id });
  }
  const job = await queue.get((request.url ?? "/").slice(1));
  if (!job) return send(response, 404, { error: "There is no such job" });
  send(response, 200, { id: job.id, state: job.state, error: job.error });
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const piece of request.setEncoding("utf8")) {
    body += piece;
    if (body.length > MOST_BYTES) return "";
  }
  return body;
}

function readName(body: string): string | undefined {
  try {
    const { name } = JSON.parse(body);
    return typeof name === "string" && /^[^\0]{1,100}$/.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    send(response, 500, { error: "Something went wrong" });
  });
});

server.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1", () => {
  const address = server.address();
  console.log(`Listening on port ${typeof address === "object" ? address?.port : address}`);
});

// No more requests, then no more queue.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => server.close(() => void queue.close()));

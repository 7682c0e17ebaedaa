// Run it: node examples/web-handler.mts   (then: curl -d 'echo hello' localhost:8080; curl localhost:8080/ID)
//
// A web service that hands long work to the queue: POST answers 202 with the job's id as soon as the job is durable, GET
// tells its state. It runs nothing itself; start workers beside it: queuectl --db web.db worker start
// It takes shell commands from whoever reaches it, which is fine on loopback and nowhere else.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { openQueue, QueuectlError } from "queuectl";

const queue = await openQueue({ db: process.env["QUEUECTL_DB"] ?? "./web.db" });

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === "POST") {
    const { id } = await queue.enqueue({ command: await text(request), maxRetries: 2 });
    return send(response, 202, { id });
  }
  const job = await queue.get((request.url ?? "/").slice(1));
  if (!job) return send(response, 404, { error: "There is no such job" });
  send(response, 200, { id: job.id, state: job.state, error: job.error });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    // What the caller did wrong has a sentence for people; anything else is nobody's business.
    if (error instanceof QueuectlError && error.code === "invalid_job")
      return send(response, 400, { error: error.message });
    console.error(error);
    send(response, 500, { error: "Something went wrong" });
  });
});

server.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1", () => {
  const address = server.address();
  console.log(`Listening on port ${typeof address === "object" ? address?.port : address}`);
});

// No more requests, then no more queue.
process.once("SIGTERM", () => server.close(() => void queue.close()));

// Run it: node examples/fan-out.mts   (in a checkout, after npm ci; Node 24 runs TypeScript as it is)
//
// Fans out over some numbers, waits for all of them, prints what came of each. The jobs are durable: kill this program
// in the middle, and `queuectl worker start` finishes what it began.
import { openQueue } from "queuectl";

await using queue = await openQueue({ db: process.env["QUEUECTL_DB"] ?? "./fan-out.db" });

// All or nothing, in one transaction. The third one fails, is retried once after a moment, and is dead then.
const jobs = await queue.enqueue(
  [30, 31, 0].map((n) => ({
    command: `test ${n} -gt 0 && expr ${n} '*' ${n}`,
    queue: "squares",
    maxRetries: 1,
    backoffBase: 0.1,
  })),
);

// A worker of this very program; it would do as well to start some elsewhere: queuectl worker start --count 4
await using _worker = await queue.work({ queues: ["squares"], concurrency: 4 });

// A job that died is an answer, not an error.
const ended = await queue.wait(
  jobs.map(({ id }) => id),
  { timeoutMs: 60_000 },
);
for (const { id, command, state, error } of ended) {
  const result = (await queue.executions(id)).at(-1)?.stdoutTail.trim();
  console.log(`${state}: ${command}: ${error ?? result}`);
}

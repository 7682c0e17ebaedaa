// Run it: node examples/own-worker.mts   (stop it with Ctrl-C)
//
// A worker within a service of one's own: each job of the queue `resize` calls a function instead of starting a process.
// Enqueue from anywhere: queuectl --db resize.db enqueue --queue resize photo.jpg
import { setTimeout as pause } from "node:timers/promises";
import { type Handler, openQueue } from "queuectl";

const queue = await openQueue({ db: process.env["QUEUECTL_DB"] ?? "./resize.db" });

// It may be called again for the same job, after a crash for one: what it does must bear to be done twice.
const resize: Handler = async (job, { signal, attempt, log }) => {
  log(`attempt ${attempt}: resizing ${job.command}`); // queuectl logs ID
  // Whatever takes long gets the signal: it is aborted at the timeout, and when the worker may wait no longer.
  await pause(job.command === "huge.jpg" ? 60_000 : 50, undefined, { signal });
  // Throwing is failing: the job is retried with backoff, and dead when its retries are spent.
  if (!job.command.endsWith(".jpg")) throw new Error(`not a picture: ${job.command}`);
};

const worker = await queue.work("resize", resize, {
  concurrency: 4,
  onEvent: (event) => {
    if (event.kind === "finished") console.log(`${event.job.command}: ${event.outcome}, now ${event.state}`);
  },
});
console.log(`Worker ${worker.id} is up`);

// The library takes no signals: this is the service's to decide. Running jobs get five seconds; those that are longer go
// back to the queue, and spend no retry.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void worker.stop({ graceMs: 5_000 }));

await worker.finished;
await queue.close();
console.log("Stopped");

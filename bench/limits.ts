import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "../src/store/open-store.ts";
import {
  CAPS,
  cappedGates,
  limitedJobs,
  mostAtOnce,
  mostInWindow,
  RATE,
  readNotes,
} from "../tests/support/limited-jobs.ts";
import type { BenchStore } from "./bench-store.ts";

const ROUNDS = 8;
const WORKERS = 8;
const SLOTS = 4;

/** What eight worker processes let through caps, keys and a rate, by the jobs' own account; the rate by the store's. */
export async function* limits({ directory, queuectl }: BenchStore): AsyncGenerator<string> {
  for (const [queue, cap] of Object.entries(CAPS)) queuectl("queue", "set", queue, "--concurrency", `${cap}`);
  queuectl("queue", "set", RATE.queue, "--rate", `${RATE.starts}/${RATE.periodMs}ms`);
  const cwd = join(directory, "work");
  mkdirSync(cwd);
  const jobs = limitedJobs(ROUNDS, cwd);
  const store = await openStore(join(directory, "queue.db"));
  await store.enqueue(jobs);
  await store.close();
  const startedMs = performance.now();
  queuectl("worker", "start", "--count", `${WORKERS}`, "--concurrency", `${SLOTS}`, "--drain");
  while (JSON.parse(queuectl("worker", "status", "--json")).length > 0);
  const seconds = (performance.now() - startedMs) / 1_000;
  const noted = readNotes(cwd);
  yield `${noted.size} of ${jobs.length} jobs, ${WORKERS} workers of ${SLOTS} slots: ${seconds.toFixed(1)} s`;
  const gates = cappedGates(jobs).map(({ name, cap, ids }) => `${name} ${mostAtOnce(ids, noted)}/${cap}`);
  yield `most at once, of allowed: ${gates.join(", ")}`;
  const starts = readStarts(join(directory, "queue.db"));
  yield `most starts in any ${RATE.periodMs} ms, of allowed: ${mostInWindow(starts, RATE.periodMs)}/${RATE.starts} (n = ${starts.length})`;
}

function readStarts(path: string): number[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database
    .prepare("SELECT started_at FROM executions JOIN jobs ON seq = job WHERE queue = ?")
    .all(RATE.queue);
  database.close();
  return rows.map((row) => row["started_at"] as number);
}

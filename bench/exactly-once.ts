import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchStore, readLines } from "./bench-store.ts";

const JOBS = 1_000;

/** The count is the jobs' own: each appends its id to a file. */
export async function* exactlyOnce({ directory, queuectl }: BenchStore): AsyncGenerator<string> {
  const ran = join(directory, "ran");
  const file = join(directory, "jobs.jsonl");
  const command = `echo $QUEUECTL_JOB_ID >> ${ran}; sleep 0.05`;
  writeFileSync(
    file,
    Array.from({ length: JOBS }, (_, n) => `${JSON.stringify({ id: `job${n}`, command })}\n`).join(""),
  );
  queuectl("enqueue", "--file", file);
  const startedAt = performance.now();
  queuectl("worker", "start", "--count", "4", "--concurrency", "4", "--drain");
  while (JSON.parse(queuectl("worker", "status", "--json")).length > 0);
  const seconds = (performance.now() - startedAt) / 1_000;
  const lines = readLines(ran);
  const { counts } = JSON.parse(queuectl("status", "--json"));
  yield `${lines.length} executions of ${new Set(lines).size} different jobs out of ${JOBS}; completed: ${counts.completed}; ${seconds.toFixed(1)} s`;
}

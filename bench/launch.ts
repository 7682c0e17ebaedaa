import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { BenchStore } from "./bench-store.ts";

const JOBS = 3_000;
const ROUNDS = 5;
const RUNNERS = ["native", "node", "xargs"] as const;
type Runner = (typeof RUNNERS)[number];

/**
 * A full queue of `true`, drained by a real worker with each launcher, beside `xargs -P` which keeps nothing: in turns, since
 * the machine has its moods. From the first start to the last end, as the store has them; xargs by the clock on the wall.
 */
export async function* launch(store: BenchStore): AsyncGenerator<string> {
  for (const parallel of [2, 8]) {
    const rates: Record<Runner, number[]> = { native: [], node: [], xargs: [] };
    for (let round = 0; round < ROUNDS; round++)
      for (const runner of RUNNERS)
        rates[runner].push(runner === "xargs" ? xargs(parallel) : await drain(store, runner, parallel));
    const peer = median(rates.xargs);
    for (const runner of RUNNERS) {
      const rate = median(rates[runner]);
      const each = rates[runner].map((value) => value.toFixed(0)).join(" ");
      yield `${parallel} at once, ${runner.padEnd(6)}: ${rate.toFixed(0)} jobs/s, ${(rate / peer).toFixed(2)} of xargs (${each})`;
    }
  }
}

function xargs(parallel: number): number {
  const input = `${"x\n".repeat(JOBS)}`;
  const from = performance.now();
  const { status } = spawnSync("xargs", ["-P", String(parallel), "-n", "1", "sh", "-c", "true"], { input });
  if (status !== 0) throw new Error("xargs failed");
  return JOBS / ((performance.now() - from) / 1_000);
}

async function drain(store: BenchStore, launcher: Runner, parallel: number): Promise<number> {
  const db = join(store.directory, `${launcher}-${parallel}-${performance.now()}.db`);
  const file = join(store.directory, "jobs");
  writeFileSync(file, `${'{"command":"true"}\n'.repeat(JOBS)}`);
  store.queuectl("enqueue", "--db", db, "--quiet", "--file", file);
  const argv = store.argv("worker", "start", "--db", db, "--drain", "--concurrency", String(parallel));
  const { status } = spawnSync(process.execPath, argv, {
    env: { ...store.env, QUEUECTL_LAUNCHER: launcher },
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("the worker failed");
  const database = new DatabaseSync(db, { readOnly: true });
  const row = database
    .prepare(
      "SELECT count(*) AS jobs, max(finished_at) - min(started_at) AS ms FROM executions WHERE outcome = 'succeeded'",
    )
    .get() as { jobs: number; ms: number };
  database.close();
  if (row.jobs !== JOBS) throw new Error(`${row.jobs} of ${JOBS} jobs succeeded`);
  return JOBS / (row.ms / 1_000);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

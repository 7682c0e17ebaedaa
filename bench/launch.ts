import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LAUNCHER } from "../scripts/build-launcher.ts";
import { type BenchStore, until } from "./bench-store.ts";

const JOBS = 3_000;
const ROUNDS = 3;
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
  yield `memory of the launcher with ${SLEEPERS} jobs: ${await launcherMemory(store)}`;
}

const SLEEPERS = 8;

/** Shared pages counted by their share; the launcher and a keeper a job. */
async function launcherMemory({ queuectl, startWorker }: BenchStore): Promise<string> {
  const worker = await startWorker("--concurrency", String(SLEEPERS));
  for (let job = 0; job < SLEEPERS; job++) queuectl("enqueue", "sleep 60");
  const own = await until(() => {
    const found = processesOf(LAUNCHER);
    return found.length > SLEEPERS ? found : undefined;
  });
  const kib = own.map((pid) =>
    Number(/^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]),
  );
  queuectl("worker", "stop", "--force");
  await until(() => worker.exitCode ?? undefined);
  return `${kib.reduce((sum, each) => sum + each, 0)} KiB in ${own.length} processes`;
}

function processesOf(program: string): number[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && readLink(`/proc/${pid}/exe`) === program)
    .map(Number);
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
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

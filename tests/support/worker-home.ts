import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Home, until } from "./queuectl.ts";

/** A job as it stands in the table that people may read by hand; much cheaper to ask for than by the command. */
export interface JobRow {
  id: string;
  state: string;
  attempts: number;
  executions: number;
  worker: string | null;
  due_at: number;
}

/** A row of a job's history. */
export interface ExecutionRow {
  number: number;
  worker: string;
  outcome: string | null;
  started_at: number;
  finished_at: number | null;
}

/** A worker as `worker status --json` shows it. */
export interface ShownWorker {
  id: string;
  pid: number;
  host: string;
  state: string;
  queues: string[] | null;
  concurrency: number;
  current_jobs: string[];
  started_at: string;
  heartbeat_at: string;
  jobs_done: number;
  pool: string | null;
}

export function readJob(home: Home, id: string): JobRow {
  const [job] = query<JobRow>(
    home,
    "SELECT id, state, attempts, executions, worker, due_at FROM jobs WHERE id = ?",
    id,
  );
  if (!job) throw new Error(`There is no job ${id}`);
  return job;
}

/** How many jobs are in this state. */
export function countJobs(home: Home, state: string): number {
  return query<{ id: string }>(home, "SELECT id FROM jobs WHERE state = ?", state).length;
}

export function readExecutions(home: Home, id: string): ExecutionRow[] {
  return query<ExecutionRow>(
    home,
    `SELECT number, executions.worker, outcome, started_at, finished_at
     FROM executions JOIN jobs ON jobs.seq = executions.job WHERE jobs.id = ? ORDER BY number`,
    id,
  );
}

/** A job, once it is in this state. */
export async function jobWhen(home: Home, id: string, state: string): Promise<JobRow> {
  return await until(() => {
    const job = readJob(home, id);
    return job.state === state && job;
  }, `job ${id} to be ${state}`);
}

export async function showWorkers(home: Home): Promise<ShownWorker[]> {
  return await home.json<ShownWorker[]>("worker", "status");
}

/** The pids that jobs have written into a file, a line each, once there are so many. */
export async function pidsIn(home: Home, name: string, count: number): Promise<number[]> {
  return await until(() => {
    if (!existsSync(join(home.cwd, name))) return undefined;
    const pids = readFileSync(join(home.cwd, name), "utf8").trim().split("\n").map(Number);
    return pids.length === count && pids;
  }, `${count} pids in ${name}`);
}

/** Enqueues a job that runs until it is let go. */
export async function enqueueHeld(home: Home, id: string, ...flags: string[]): Promise<HeldJob> {
  const go = join(home.cwd, `${id}.go`);
  const command = `while [ ! -e '${go}' ]; do sleep 0.02; done`;
  await home.ok("enqueue", "--id", id, "--command", command, ...flags);
  return {
    started: () => until(() => readJob(home, id).state === "processing", `job ${id} to start`),
    letGo: () => writeFileSync(go, ""),
  };
}

export interface HeldJob {
  started(): Promise<unknown>;
  letGo(): void;
}

/** Starts workers in the background, and gives their PIDs. */
export async function startBackground(home: Home, count: number, ...flags: string[]): Promise<number[]> {
  const pids = await home.ok("worker", "start", "--count", String(count), "--quiet", ...flags);
  return pids.trim().split("\n").map(Number);
}

function query<Row>(home: Home, sql: string, ...values: string[]): Row[] {
  if (!existsSync(home.db)) return [];
  const database = new DatabaseSync(home.db, { readOnly: true, timeout: 5_000 });
  try {
    return database.prepare(sql).all(...values) as Row[];
  } finally {
    database.close();
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Readable } from "node:stream";
import { QueuectlError } from "../domain/errors.ts";
import { randomId } from "../domain/id.ts";
import { quoteArgv } from "../domain/shell-quote.ts";
import { createDataDirectory, workerLogFile } from "../store/data-files.ts";
import { readCount } from "./arguments.ts";
import type { Invocation } from "./command.ts";
import { openForWriting, storeLocation } from "./context.ts";
import { DONE } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { writeJson } from "./render/json.ts";
import { hintAtUnknown } from "./show-queues.ts";
import { IN_PLACE_OF } from "./start-replacement.ts";
import type { WorkerNameJson } from "./worker-json.ts";

/**
 * Worker processes that outlive this one and its terminal: sessions of their own, output to the shared log. Returns
 * when each has registered itself, which it says through a pipe: no pid file, nothing to go stale.
 */
export async function startInBackground(count: number, invocation: Invocation, io: Io): Promise<number> {
  readCount(invocation.options, "concurrency", { min: 1, max: 1_000 });
  // Opened here first: what is wrong with the store is said once, on this terminal.
  const store = await openForWriting(invocation, io);
  await hintAtUnknown(store, invocation.options.all("queue"), invocation, io);
  await store.close();
  const { path } = storeLocation(invocation, io);
  createDataDirectory(path);
  const log = workerLogFile(path);
  const descriptor = openSync(log, "a", 0o600);
  const from = fstatSync(descriptor).size;
  const argv = workerArgv(invocation, path);
  const started = Array.from({ length: count }, () => startOne(argv, descriptor, io));
  closeSync(descriptor);
  const results = await Promise.all(started);
  const workers = results.filter((result) => result !== undefined);
  if (workers.length < count) throw startFailed(workers, count, log, from);
  report(workers, log, invocation, io);
  return DONE;
}

/** The answer of `worker start --count N --json`. */
export interface StartedJson {
  workers: readonly WorkerNameJson[];
  log: string;
}

/** Undefined for one that ended, or never began. */
type StartResult = WorkerNameJson | undefined;

/** The pipe through which a worker says its id. */
const ANNOUNCE_FD = 3;

async function startOne(argv: readonly string[], log: number, io: Io): Promise<StartResult> {
  const child = spawn(process.execPath, argv, {
    detached: true,
    stdio: ["ignore", log, log, "pipe"],
    env: belongingToNoJob(io.env),
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const id = await readAnnouncement(child, ended);
  if (id === "") {
    await ended;
    return undefined;
  }
  child.unref();
  return { id, pid: child.pid ?? 0 };
}

/** The same command line for each worker of one pool, in its own foreground; what the parent decided is left out. */
function workerArgv({ options, command }: Invocation, path: string): string[] {
  const argv = [
    process.argv[1] ?? "",
    "worker",
    "start",
    "--foreground",
    "--announce-fd",
    String(ANNOUNCE_FD),
    "--pool",
    `p-${randomId(6, Math.random)}`,
    "--db",
    path,
  ];
  for (const { name, value } of command.options) {
    if (DECIDED_HERE.has(name) || !options.has(name)) continue;
    if (value === undefined) argv.push(`--${name}`);
    else for (const given of options.all(name)) argv.push(`--${name}=${given}`);
  }
  return argv;
}

const DECIDED_HERE: ReadonlySet<string> = new Set([
  "count",
  "foreground",
  "background",
  "announce-fd",
  "pool",
  IN_PLACE_OF,
]);

/** A worker that a job starts is not part of that job: with the job's marker it would be killed with its tree. */
function belongingToNoJob(env: Io["env"]): Record<string, string | undefined> {
  // Empty, not absent: a launcher kills what a job left behind, but for those that say that they belong to no job.
  return { ...env, QUEUECTL_TREE: "" };
}

/** What a worker says of itself; empty when it ends without a word. */
async function readAnnouncement(child: ChildProcess, ended: Promise<void>): Promise<string> {
  // Missing when the system had no descriptor left for it.
  const pipe = child.stdio[ANNOUNCE_FD] as Readable | undefined;
  let text = "";
  pipe?.on("data", (bytes: Buffer) => {
    text += bytes;
  });
  await Promise.race([ended, new Promise((resolve) => pipe?.once("close", resolve))]);
  return text.trim();
}

function report(workers: readonly WorkerNameJson[], log: string, { options }: Invocation, io: Io): void {
  const pids = workers.map(({ pid }) => pid);
  if (options.has("json")) {
    writeJson(io, { workers, log } satisfies StartedJson);
  } else if (options.has("quiet")) {
    io.stdout.write(pids.map((pid) => `${pid}\n`).join(""));
  } else {
    const db = options.text("db");
    const follow = quoteArgv([
      "queuectl",
      ...(db === undefined ? [] : ["--db", db]),
      "worker",
      "logs",
      "--follow",
    ]);
    const noun = workers.length === 1 ? "worker" : "workers";
    io.stdout.write(
      `Started ${workers.length} ${noun} in the background.\nWorker PIDs: ${pids.join(", ")}\n` +
        `Log: ${log}\nFollow it: ${follow}\n`,
    );
  }
}

const SHOWN_LOG_BYTES = 2_000;

function startFailed(
  workers: readonly WorkerNameJson[],
  count: number,
  log: string,
  from: number,
): QueuectlError {
  const said = readFrom(log, from).trim();
  const pids = workers.map(({ pid }) => pid).join(", ");
  const others = workers.length === 0 ? "" : `The others run (${pids}); to stop them: queuectl worker stop\n`;
  return new QueuectlError("worker_failed", `${count - workers.length} of ${count} workers did not start`, {
    hint: `${others}${said === "" ? `Their log: ${log}` : `Their log says:\n${said}`}`,
  });
}

function readFrom(path: string, from: number): string {
  const descriptor = openSync(path, "r");
  const bytes = Buffer.alloc(SHOWN_LOG_BYTES);
  const length = readSync(descriptor, bytes, 0, SHOWN_LOG_BYTES, from);
  closeSync(descriptor);
  return bytes.toString("utf8", 0, length);
}

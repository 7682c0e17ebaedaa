import { expect } from "vitest";
import { type Home, homeForTest, type RunningCommand, until } from "../support/queuectl.ts";
import { holdLock } from "../support/sqlite-file.ts";
import { jobWhen, readExecutions, readJob } from "../support/worker-home.ts";
import { filesOf } from "../support/worker-processes.ts";
import { fault } from "./support/fault.ts";

/** Prints, and waits for a file of its execution's number; what comes then is the difference between a good end and a bad one. */
const GATE = 'echo begun; while [ ! -e "$QUEUECTL_JOB_ID.$QUEUECTL_ATTEMPT" ]; do sleep 0.02; done';

/** The first execution's result comes too late, and says the contrary of the second's. */
const JOBS = [
  {
    name: "late failure",
    command: `${GATE}; [ "$QUEUECTL_ATTEMPT" -gt 1 ]`,
    state: "completed",
    attempts: 0,
  },
  { name: "late success", command: `${GATE}; [ "$QUEUECTL_ATTEMPT" = 1 ]`, state: "dead", attempts: 1 },
] as const;
const OF_EACH = 2;

const LEASE = ["--lease-timeout", "1s"];

fault(
  "a worker that was stopped past its lease cannot overwrite the newer execution's result with its own",
  {
    row: "7",
    target: "100 late failures, 100 late successes: the newer result stands, stale_result logged",
  },
  async ({ rounds, record }) => {
    const tally = new Map<string, number>();
    for (let round = 1; round <= rounds(100 / OF_EACH, 2); round++) {
      // In turn: the old worker comes back while the newer execution runs, and after it has ended.
      const stale = await pausePastLease({ comesBackAfterEnd: round % 2 === 0 });
      for (const kind of stale) tally.set(kind, (tally.get(kind) ?? 0) + 1);
    }
    const kinds = [...tally].map(([kind, count]) => `${count} ${kind}`).join(", ");
    record(`stale results: ${kinds}; newer results overwritten: 0`);
    // None is `lost`: it knew them when it was stopped.
    const ofEach = (rounds(100 / OF_EACH, 2) * JOBS.length * OF_EACH) / 2;
    expect(Object.fromEntries(tally)).toEqual({ failed: ofEach, succeeded: ofEach });
  },
);

/** Gives the outcomes that came too late. */
async function pausePastLease({ comesBackAfterEnd }: { comesBackAfterEnd: boolean }): Promise<string[]> {
  const home = homeForTest();
  const jobs = JOBS.flatMap((job) =>
    Array.from({ length: OF_EACH }, (_, index) => ({ ...job, id: `${job.name.replace(" ", "-")}-${index}` })),
  );
  for (const { id, command } of jobs)
    await home.ok("enqueue", "--id", id, "--max-retries", "0", "--command", command);
  const old = await home.startWorker([...LEASE, "--concurrency", String(jobs.length)]);
  await until(() => jobs.every(({ id }) => readJob(home, id).state === "processing"), "all jobs to run");

  await stopWithResultsInHand(home, old, jobs);
  const newer = await home.startWorker([...LEASE, "--concurrency", String(jobs.length)]);
  await newer.printed("is dead; its jobs are pending again");
  // Lost together, they may be run again one by one.
  await until(() => jobs.some(({ id }) => readJob(home, id).executions === 2), "a job to run again");
  const letGo = async (): Promise<void> => {
    for (const { id } of jobs) home.write(`${id}.2`, "");
    for (const { id, state } of jobs) await jobWhen(home, id, state);
  };
  if (comesBackAfterEnd) await letGo();
  old.kill("SIGCONT");
  for (const { id } of jobs) await old.printed(`stale_result: job ${id} ended here`);
  if (!comesBackAfterEnd) await letGo();

  for (const { id, state, attempts } of jobs) {
    expect(readJob(home, id)).toMatchObject({ state, attempts, executions: 2 });
    expect(readExecutions(home, id)).toMatchObject([
      { outcome: "lost" },
      { outcome: state === "completed" ? "succeeded" : "failed" },
    ]);
  }
  const late = [...old.stdout.matchAll(/stale_result: job \S+ ended here \((\w+)\)/g)];
  await home.close();
  return late.map(([, kind = ""]) => kind);
}

/** Its jobs have ended, but nobody knows: the store was locked when it would have said so, and then it was stopped. */
async function stopWithResultsInHand(
  home: Home,
  worker: RunningCommand,
  jobs: readonly { id: string }[],
): Promise<void> {
  // A job that has printed has a file after a moment, which its worker closes when it has taken note of the job's end.
  await until(() => openOutputs(worker) === jobs.length, "all jobs to have files");
  const lock = holdLock(home.db);
  for (const { id } of jobs) home.write(`${id}.1`, "");
  await until(() => openOutputs(worker) === 0, "the worker to know of all ends");
  worker.kill("SIGSTOP");
  lock.release();
}

/** How many files with the output of jobs a worker has open. */
function openOutputs({ pid }: RunningCommand): number {
  return filesOf(pid).filter((path) => path.endsWith(".stdout")).length;
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { NewJob } from "../../src/domain/job.ts";
import { put } from "../support/home-store.ts";
import { type Interval, mostAtOnce, mostInWindow } from "../support/overlap.ts";
import { homeForTest, until } from "../support/queuectl.ts";
import { countJobs, readExecutions, startBackground } from "../support/worker-home.ts";

const CAPS: Readonly<Record<string, number>> = { one: 1, three: 3, five: 5 };
const KEY_LIMITS: Readonly<Record<string, number>> = { k0: 1, k1: 1, k2: 2, k3: 2, k4: 3 };
const RATE = { name: "paced", starts: 5, periodMs: 400 };

/** Notes its own start and end, in nanoseconds: an account that owes nothing to the store. */
const NOTED =
  'start=$(date +%s%N); sleep 0.0$((SEED % 5 + 5)); echo "$QUEUECTL_JOB_ID $start $(date +%s%N)" >> ran';

/** Some stand before a cap, some before a key, some before both, some before a rate; together they need all slots. */
function buildJobs(): Partial<NewJob>[] {
  const capped = Object.entries(CAPS).flatMap(([queue, cap]) => repeat(10 * cap, { queue }));
  const keyed = Object.entries(KEY_LIMITS).flatMap(([key, keyLimit]) =>
    repeat(10 * keyLimit, { queue: "free", key, keyLimit }),
  );
  const both = Object.keys(CAPS).flatMap((queue) =>
    Object.entries(KEY_LIMITS).flatMap(([key, keyLimit]) => repeat(2, { queue, key, keyLimit })),
  );
  const paced = repeat(20, { queue: RATE.name });
  return [...capped, ...keyed, ...both, ...paced].map((job, index) => ({
    ...job,
    id: `job-${index}`,
    command: NOTED,
    env: { SEED: String(index) },
  }));
}

function repeat(count: number, job: Partial<NewJob>): Partial<NewJob>[] {
  return Array.from({ length: count }, () => job);
}

test("eight worker processes together let no job too many through a cap, a key or a rate, and use what there is", async () => {
  const home = homeForTest();
  for (const [queue, cap] of Object.entries(CAPS))
    await home.ok("queue", "set", queue, "--concurrency", `${cap}`);
  await home.ok("queue", "set", RATE.name, "--rate", `${RATE.starts}/${RATE.periodMs}ms`);
  const jobs = buildJobs();
  await put(home, jobs);
  await startBackground(home, 8, "--concurrency", "3");
  await until(() => countJobs(home, "completed") === jobs.length, "all jobs to be completed");
  await home.ok("worker", "stop");

  const noted = readNotes(join(home.cwd, "ran"));
  // From claim to result: what a gate counts. Wider than what a job can note, by as much as the machine is busy.
  const held = new Map(
    jobs.map(({ id = "" }) => {
      const [execution, ...others] = readExecutions(home, id);
      expect(others, `${id} to run once`).toEqual([]);
      return [id, { start: execution?.started_at ?? 0, end: execution?.finished_at ?? 0 }];
    }),
  );
  const idsOf = (isMeant: (job: Partial<NewJob>) => boolean) => jobs.filter(isMeant).map(({ id = "" }) => id);
  const gates = [
    ...Object.entries(CAPS).map(([name, cap]) => ({ name, cap, ids: idsOf(({ queue }) => queue === name) })),
    ...Object.entries(KEY_LIMITS).map(([name, cap]) => ({
      name,
      cap,
      ids: idsOf(({ key }) => key === name),
    })),
  ];
  for (const { name, cap, ids } of gates) {
    const most = (intervals: ReadonlyMap<string, Interval>) =>
      mostAtOnce(ids.map((id) => intervals.get(id) as Interval));
    expect(most(noted), `${name}, at once`).toBeLessThanOrEqual(cap);
    expect(most(held), `${name}, used`).toBeGreaterThanOrEqual(cap);
  }
  const starts = idsOf(({ queue }) => queue === RATE.name).map((id) => held.get(id)?.start ?? 0);
  expect(mostInWindow(starts, RATE.periodMs)).toBeLessThanOrEqual(RATE.starts);
});

/** What the jobs have noted, by id. */
function readNotes(path: string): Map<string, Interval> {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return new Map(
    lines.map((line) => {
      const [id = "", start, end] = line.split(" ");
      return [id, { start: Number(start), end: Number(end) }];
    }),
  );
}

test("the count itself counts what is under way at once, and what falls into a window", () => {
  const at = (start: number, end: number) => ({ start, end });
  expect(mostAtOnce([])).toBe(0);
  expect(mostAtOnce([at(1, 3), at(3, 5), at(5, 6)])).toBe(1);
  expect(mostAtOnce([at(1, 4), at(3, 5), at(2, 3), at(9, 10)])).toBe(2);
  expect(mostInWindow([0, 100, 200], 100)).toBe(1);
  expect(mostInWindow([200, 0, 99, 100], 100)).toBe(2);
});

import { expect, test } from "vitest";
import { putJobs } from "../support/home-store.ts";
import {
  CAPS,
  cappedGates,
  limitedJobs,
  mostAtOnce,
  mostInWindow,
  RATE,
  readNotes,
} from "../support/limited-jobs.ts";
import { homeForTest, until } from "../support/queuectl.ts";
import { countJobs, readExecutions, startBackground } from "../support/worker-home.ts";

test("eight worker processes together let no job too many through a cap, a key or a rate, and use what there is", async () => {
  const home = homeForTest();
  for (const [queue, cap] of Object.entries(CAPS))
    await home.ok("queue", "set", queue, "--concurrency", `${cap}`);
  await home.ok("queue", "set", RATE.queue, "--rate", `${RATE.starts}/${RATE.periodMs}ms`);
  const jobs = limitedJobs(1, home.cwd);
  await putJobs(home, jobs);
  await startBackground(home, 8, "--concurrency", "3");
  await until(() => countJobs(home, "completed") === jobs.length, "all jobs to be completed");
  await home.ok("worker", "stop");

  const noted = readNotes(home.cwd);
  // From claim to result: what a gate counts. Wider than what a job can note, by as much as the machine is busy.
  const held = new Map(
    jobs.map(({ id }) => {
      const [execution, ...others] = readExecutions(home, id);
      expect(others, `${id} to run once`).toEqual([]);
      return [id, { start: execution?.started_at ?? 0, end: execution?.finished_at ?? 0 }];
    }),
  );
  for (const { name, cap, ids } of cappedGates(jobs)) {
    expect(mostAtOnce(ids, noted), `${name}, at once`).toBeLessThanOrEqual(cap);
    expect(mostAtOnce(ids, held), `${name}, used`).toBeGreaterThanOrEqual(cap);
  }
  const paced = jobs.filter(({ queue }) => queue === RATE.queue);
  const starts = paced.map(({ id }) => held.get(id)?.start ?? 0);
  expect(mostInWindow(starts, RATE.periodMs)).toBeLessThanOrEqual(RATE.starts);
});

test("the count itself counts what is under way at once, and what falls into a window", () => {
  const count = (...intervals: [start: number, end: number][]) => {
    const byId = new Map(intervals.map(([start, end], index) => [`${index}`, { start, end }]));
    return mostAtOnce([...byId.keys()], byId);
  };
  expect(count()).toBe(0);
  expect(count([1, 3], [3, 5], [5, 6])).toBe(1);
  expect(count([1, 4], [3, 5], [2, 3], [9, 10])).toBe(2);
  expect(() => mostAtOnce(["a"], new Map())).toThrow("has not run");
  expect(mostInWindow([0, 100, 200], 100)).toBe(1);
  expect(mostInWindow([200, 0, 99, 100], 100)).toBe(2);
});

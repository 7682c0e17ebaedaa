import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { homeForTest, until } from "../support/queuectl.ts";
import { countJobs } from "../support/worker-home.ts";
import { fault } from "./support/fault.ts";
import { readHistory } from "./support/history.ts";
import { WorkerFleet } from "./support/worker-fleet.ts";

fault(
  "workers that are killed at random lose no job, and none is completed twice",
  {
    row: "1",
    target: "200 kills, 5,000 jobs: lost 0, second completions 0, starts <= kills + 1",
    limitMs: 180_000,
  },
  async ({ rounds, random, record }) => {
    const home = homeForTest();
    const jobs = rounds(5_000, 200);
    const kills = rounds(200, 8);
    const lines = Array.from({ length: jobs }, (_, index) =>
      JSON.stringify({
        id: `job-${index}`,
        command: 'echo "$QUEUECTL_JOB_ID $QUEUECTL_ATTEMPT" >> started; sleep 0.02',
      }),
    );
    // Which of those that are lost together dies again is chance here; that such a job ends is row 6.
    await home.ok("config", "set", "crash-limit", "1000000");
    await home.ok("enqueue", "--quiet", "--file", home.write("jobs.jsonl", lines.join("\n")));
    const fleet = await WorkerFleet.start(home, 4, "--concurrency", "4");
    for (let round = 1; round <= kills; round++) {
      // Spread over the whole run: the next kill comes when its share of the jobs is done.
      await until(() => countJobs(home, "completed") >= ((round - 1) * jobs) / kills, "the jobs to get on");
      await fleet.killOne(random);
    }
    await until(() => countJobs(home, "completed") === jobs, "all jobs to be completed", 120_000);
    await home.ok("worker", "stop");

    const history = readHistory(home);
    const succeeded = history.filter(({ outcome }) => outcome === "succeeded");
    const started = readFileSync(join(home.cwd, "started"), "utf8").trimEnd().split("\n");
    expect(new Set(succeeded.map(({ id }) => id)).size).toBe(jobs);
    expect(succeeded).toHaveLength(jobs);
    // Each kill ends the executions of one worker, four at most; nothing else may start a job again.
    const lost = history.filter(({ outcome }) => outcome === "lost");
    expect(history).toHaveLength(jobs + lost.length);
    expect(lost.length).toBeLessThanOrEqual(4 * kills);
    expect(started.length).toBeLessThanOrEqual(history.length);
    expect(new Set(started).size).toBe(started.length);
    const most = Math.max(
      ...Map.groupBy(history, ({ id }) => id)
        .values()
        .map((runs) => runs.length),
    );
    expect(most).toBeLessThanOrEqual(kills + 1);
    record(
      `${kills} kills, ${jobs} jobs, ${lost.length} executions lost and run again, at most ${most} starts of one job`,
    );
  },
);

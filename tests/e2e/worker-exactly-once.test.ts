import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { homeForTest, until } from "../support/queuectl.ts";
import { countJobs, readExecutions, startBackground } from "../support/worker-home.ts";

test("of 200 short jobs over four worker processes each runs exactly once, by an independent count", async () => {
  const home = homeForTest();
  const ids = Array.from({ length: 200 }, (_, index) => `job-${index}`);
  const jobs = ids.map((id) => JSON.stringify({ id, command: 'echo "$QUEUECTL_JOB_ID" >> ran; sleep 0.02' }));
  await startBackground(home, 4, "--concurrency", "2");
  await home.ok("enqueue", "--file", home.write("jobs.jsonl", jobs.join("\n")));
  await until(() => countJobs(home, "completed") === ids.length, "all jobs to be completed");
  await home.ok("worker", "stop");
  const ran = readFileSync(join(home.cwd, "ran"), "utf8").trimEnd().split("\n");
  expect(ran.sort()).toEqual(ids.toSorted());
  const holders = ids
    .map((id) => readExecutions(home, id))
    .map((executions) => {
      expect(executions).toMatchObject([{ outcome: "succeeded" }]);
      return executions[0]?.worker;
    });
  expect(new Set(holders).size).toBeGreaterThan(1);
});

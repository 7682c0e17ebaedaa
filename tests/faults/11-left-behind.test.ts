import { expect } from "vitest";
import { homeForTest, until } from "../support/queuectl.ts";
import { jobWhen, readExecutions } from "../support/worker-home.ts";
import { isRunning } from "../support/worker-processes.ts";
import { expectOnTarget, fault, times } from "./support/fault.ts";

fault(
  "a sleeper that a job leaves in the background neither holds the job nor outlives it",
  { row: "11", target: "20 times: completed in <= 2 s, the sleeper gone" },
  async ({ rounds, record }) => {
    const home = homeForTest();
    await home.startWorker();
    const samples: number[] = [];
    for (let round = 1; round <= rounds(20, 3); round++) {
      const id = `job-${round}`;
      await home.ok("enqueue", "--id", id, "sleep 300 & echo $!");
      await jobWhen(home, id, "completed");
      const [execution] = readExecutions(home, id);
      samples.push((execution?.finished_at ?? 0) - (execution?.started_at ?? 0));
      const sleeper = Number(await home.ok("logs", id));
      expect(sleeper).toBeGreaterThan(1);
      await until(() => !isRunning(sleeper), "the sleeper to be gone");
    }
    record(`claimed to completed: ${times(samples)}; sleepers left: 0`);
    expectOnTarget(Math.max(...samples), 2_000);
    // It would have held the pipe for five minutes.
    expect(Math.max(...samples)).toBeLessThan(60_000);
  },
);

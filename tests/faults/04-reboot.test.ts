import { expect } from "vitest";
import { homeForTest, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";
import { countJobs, readExecutions, readJob } from "../support/worker-home.ts";
import { kill } from "../support/worker-processes.ts";
import { fault, times } from "./support/fault.ts";
import { WorkerFleet } from "./support/worker-fleet.ts";

fault(
  "after a reboot everything that ran runs again, with nothing spent",
  { row: "4", target: "20 reboots: all run again <= 5 s after the first worker starts" },
  async ({ rounds, record }) => {
    const samples: number[] = [];
    for (let round = 1; round <= rounds(20, 2); round++) {
      const home = homeForTest();
      const ids = Array.from({ length: 8 }, (_, index) => `job-${index}`);
      for (const id of ids)
        await home.ok("enqueue", "--id", id, "--command", '[ "$QUEUECTL_ATTEMPT" -gt 1 ] || sleep 600');
      const fleet = await WorkerFleet.start(home, 2, "--concurrency", "4");
      await until(() => countJobs(home, "processing") === ids.length, "all jobs to run");
      await fleet.killAll();
      // What a power cut leaves: rows of processes that are gone, under the id of a boot that is over.
      for (const pid of home.processes()) kill(pid);
      byHand(home.db, (database) => database.exec("UPDATE workers SET boot_id = 'the boot before'"));
      const startedAt = performance.now();
      await WorkerFleet.start(home, 1, "--concurrency", "8");
      await until(() => countJobs(home, "completed") === ids.length, "all jobs to be completed");
      samples.push(performance.now() - startedAt);
      for (const id of ids) {
        expect(readJob(home, id)).toMatchObject({ attempts: 0, executions: 2 });
        expect(readExecutions(home, id).map(({ outcome }) => outcome)).toEqual(["lost", "succeeded"]);
      }
    }
    record(`first worker started to all 8 jobs done again: ${times(samples)}`);
  },
);

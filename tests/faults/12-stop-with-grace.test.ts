import { expect } from "vitest";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { countJobs, enqueueHeld, readExecutions, readJob } from "../support/worker-home.ts";
import { expectOnTarget, fault, times } from "./support/fault.ts";
import { WorkerFleet } from "./support/worker-fleet.ts";

const GRACE_MS = 2_000;
const KILL_GRACE_MS = 300;
/** For noticing the request, for the exits of both workers, and for seeing that they are gone. */
const EXIT_MS = 2_000;

fault(
  "a stop with a grace completes what ends within it, gives the rest back with nothing spent, and is over in time",
  { row: "12", target: "20 stops of 8 jobs: 4 completed, 4 back without spending a retry, exit in time" },
  async ({ rounds, record }) => {
    const samples: number[] = [];
    for (let round = 1; round <= rounds(20, 1); round++) {
      const home = homeForTest();
      await home.ok("config", "set", "kill-grace", String(KILL_GRACE_MS / 1_000));
      const short = await Promise.all(["a", "b", "c", "d"].map((id) => enqueueHeld(home, id)));
      const deaf = await enqueueDeaf(home);
      await WorkerFleet.start(home, 2, "--concurrency", "4");
      await until(() => countJobs(home, "processing") === 8 && deaf.isUp(), "all 8 jobs to run");

      const stoppedAt = performance.now();
      const stop = home.start(["worker", "stop", "--grace", `${GRACE_MS / 1_000}s`]);
      await stop.printed("Signal sent to all workers");
      for (const job of short) job.letGo();
      expect((await stop.ended()).exitCode).toBe(0);
      samples.push(performance.now() - stoppedAt);

      // Nothing of the deaf is left, and nobody is at work.
      expect(home.processes()).toEqual([]);
      for (const id of ["a", "b", "c", "d"])
        expect(readJob(home, id)).toMatchObject({ state: "completed", executions: 1 });
      for (const id of deaf.ids) {
        expect(readJob(home, id)).toMatchObject({ state: "pending", attempts: 0, executions: 1 });
        expect(readExecutions(home, id)).toMatchObject([{ outcome: "interrupted" }]);
      }
    }
    // Not before the grace is over: the deaf had it whole. Wide enough for a busy machine.
    record(`grace 2 s, kill-grace 0.3 s; asked to all gone: ${times(samples)}`);
    expectOnTarget(Math.max(...samples), GRACE_MS + KILL_GRACE_MS + EXIT_MS);
    expect(Math.min(...samples)).toBeGreaterThanOrEqual(GRACE_MS);
    expect(Math.max(...samples)).toBeLessThan(GRACE_MS + KILL_GRACE_MS + 20_000);
  },
);

/** Four jobs that would run for ever, and hear no TERM: neither their shell nor its child. */
async function enqueueDeaf(home: Home): Promise<{ ids: readonly string[]; isUp: () => boolean }> {
  const ids = ["deaf-1", "deaf-2", "deaf-3", "deaf-4"];
  for (const id of ids)
    await home.ok("enqueue", "--id", id, `trap "" TERM; echo up > ${id}; while :; do sleep 0.1; done`);
  return { ids, isUp: () => ids.every((id) => home.files().includes(`work/${id}`)) };
}

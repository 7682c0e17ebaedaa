import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { expectRefusal } from "../support/expect-refusal.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { holdLock } from "../support/sqlite-file.ts";
import { jobWhen, readExecutions, readJob } from "../support/worker-home.ts";
import { processesWith } from "../support/worker-processes.ts";
import { expectOnTarget, fault, times } from "./support/fault.ts";
import { LivingWorkers } from "./support/living-workers.ts";

/** So that 3 s are about a lease, and a minute is many. */
const FLAGS = ["--lease-timeout", "3s", "--concurrency", "2"];
const SHORT_LOCK_MS = 3_000;
const LONG_LOCK_S = 60;

fault(
  "while another program locks the store, commands wait or say so, timeouts strike, and nobody is taken for dead",
  {
    row: "16",
    target:
      "20 locks of 3 s and of 60 s: a command succeeds, or exits 6 within 6 s; jobs' timeouts strike; takeovers 0",
    limitMs: 180_000,
  },
  async ({ rounds, random, record }) => {
    const home = homeForTest();
    const living = await LivingWorkers.start(home, 3, { flags: FLAGS });
    const refusedAfter: number[] = [];
    for (let round = 1; round <= rounds(20, 1); round++) {
      const waiting = `waiting-${round}`;
      await whileLocked(home, `short-${round}`, random, async () => {
        const enqueue = home.run(["enqueue", "--id", waiting, "true"]);
        await pause(SHORT_LOCK_MS);
        return async () => expect(await enqueue).toMatchObject({ exitCode: 0 });
      });
      await jobWhen(home, waiting, "completed");

      await whileLocked(home, `long-${round}`, random, async () => {
        const startedAt = performance.now();
        const refused = await home.run(["enqueue", "--id", `refused-${round}`, "true"]);
        refusedAfter.push(performance.now() - startedAt);
        expectRefusal(refused, { exitCode: 6, says: "is locked by another program", remedy: "Try again" });
        // A tenth of the minute at least: longer than any patience.
        await pause(rounds(LONG_LOCK_S * 1_000, 6_000) - (performance.now() - startedAt));
        return async () => {
          const ids = (await home.json<{ id: string }[]>("list")).map(({ id }) => id);
          expect(ids).not.toContain(`refused-${round}`);
        };
      });
      await living.heard(2);
      living.expectUntouched();
    }
    record(
      `refused with exit 6 after ${times(refusedAfter)}; every timeout struck during its lock; takeovers 0`,
    );
    expectOnTarget(Math.max(...refusedAfter), 6_000);
    // It gives up after 5 s. Wide enough for a busy machine; the lock was still held.
    expect(Math.max(...refusedAfter)).toBeLessThan(20_000);
  },
);

/**
 * Locks the store while a job runs, whose time is then up, and sees that its tree is gone before the lock is. What `meanwhile`
 * gives is done after the release.
 */
async function whileLocked(
  home: Home,
  id: string,
  random: () => number,
  meanwhile: () => Promise<() => Promise<void>>,
): Promise<void> {
  // Anywhere in the rhythm of the heartbeats.
  await pause(random() * 1_000);
  const marker = `FAULT_TIMEOUT=${home.root}/${id}`;
  const timeout = ["--timeout", "2s", "--max-retries", "0"];
  await home.ok("enqueue", "--id", id, "--env", marker, ...timeout, "sleep 3000 & wait");
  await until(() => processesWith(marker).length === 2, `job ${id} to start`);
  const lock = holdLock(home.db);
  const afterwards = await meanwhile();
  await until(() => processesWith(marker).length === 0, "the job's time to be up");
  expect(readJob(home, id).state).toBe("processing");
  lock.release();
  await afterwards();
  await jobWhen(home, id, "dead");
  expect(readExecutions(home, id)).toMatchObject([{ outcome: "timed_out" }]);
}

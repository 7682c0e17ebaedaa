import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { homeForTest } from "../support/queuectl.ts";
import { holdLock } from "../support/sqlite-file.ts";
import { fault } from "./support/fault.ts";
import { LivingWorkers } from "./support/living-workers.ts";

const WORKERS = 4;
/** As 5 s are to the 15 s of the default, so are these to each other. */
const LEASE_MS = 3_000;
const BLOCK_MS = 1_000;

fault(
  "a worker that cannot beat for a while, because its event loop or its store is blocked, is not taken for dead",
  { row: "9", target: "200 blocked workers: takeovers 0", limitMs: 180_000 },
  async ({ rounds, random, record }) => {
    const home = homeForTest();
    const living = await LivingWorkers.start(home, WORKERS, {
      flags: ["--lease-timeout", `${LEASE_MS / 1_000}s`],
      env: {
        NODE_OPTIONS: `--require=${fileURLToPath(new URL("./support/block-event-loop.cjs", import.meta.url))}`,
        FAULT_BLOCK_MS: String(BLOCK_MS),
      },
    });
    const seen = { loops: 0, locks: 0 };
    while (seen.loops + seen.locks < rounds(200, 4)) {
      // Anywhere in the rhythm of their heartbeats.
      await pause(random() * (LEASE_MS / 3));
      for (const worker of living.workers.filter(() => random() < 0.5)) {
        worker.kill("SIGUSR2");
        seen.loops += 1;
      }
      await living.heard(1);
      // Between two thirds of a lease and a whole one: the silent look dead, and the last who was heard may judge.
      const lock = holdLock(home.db);
      await pause((LEASE_MS * (2 + random())) / 3);
      lock.release();
      seen.locks += WORKERS;
      await living.heard(2);
      living.expectUntouched();
    }
    record(`${seen.loops} times a blocked loop, ${seen.locks} times a locked store: takeovers 0`);
  },
);

import { expect } from "vitest";
import { homeForTest, type RunningCommand, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";
import { kill } from "../support/worker-processes.ts";
import { fault, times } from "./support/fault.ts";
import { readHistory } from "./support/history.ts";
import { LivingWorkers } from "./support/living-workers.ts";

/** Two containers over one volume: one boot id, and each sees nothing of the other's processes. */
const CONTAINER = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
const LEASE_MS = 1_500;
/** Three a lease. */
const HEARTBEATS = 9;

fault(
  "workers in two pid namespaces leave each other's jobs alone while both live, and take them by the lease when one is gone",
  {
    row: "6b",
    target: "20 times: neither takes the other's jobs while it lives",
    needs: ["root", "unshare"],
    limitMs: 180_000,
  },
  async ({ rounds, record }) => {
    const samples: number[] = [];
    for (let round = 1; round <= rounds(20, 1); round++) {
      const home = homeForTest();
      const living = await LivingWorkers.start(home, 2, {
        flags: ["--lease-timeout", `${LEASE_MS / 1_000}s`],
        through: CONTAINER,
      });
      const rows = byHand(home.db, (database) =>
        database.prepare("SELECT boot_id, pid_namespace FROM workers").all(),
      );
      expect(new Set(rows.map((row) => row["boot_id"])).size).toBe(1);
      expect(new Set(rows.map((row) => row["pid_namespace"])).size).toBe(2);
      await living.heard(HEARTBEATS);
      living.expectUntouched();

      const [killed = "", survivor = ""] = living.workers.map(idOf);
      const jobOf = new Map(readHistory(home).map(({ worker, id }) => [worker, id]));
      const killedAt = performance.now();
      kill(living.workers[0]?.pid ?? 0);
      await living.workers[1]?.printed(`Worker ${killed} is dead; its jobs are pending again`);
      samples.push(performance.now() - killedAt);
      await home.ok("cancel", jobOf.get(survivor) ?? "");
      const taken = await until(() => readHistory(home)[2], "the job to run again");
      expect(taken).toMatchObject({ id: jobOf.get(killed), worker: survivor, number: 2 });
      await home.close();
    }
    // Only the lease could tell: it had at least two thirds to run.
    expect(Math.min(...samples)).toBeGreaterThan((LEASE_MS * 2) / 3 - 100);
    record(
      `${samples.length} times ${HEARTBEATS} heartbeats side by side: takeovers 0; lease ${LEASE_MS} ms, killed to taken over ${times(samples)}`,
    );
  },
);

function idOf({ stdout }: RunningCommand): string {
  return /\[Worker (\S+)\]/.exec(stdout)?.[1] ?? "";
}

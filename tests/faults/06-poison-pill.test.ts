import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Home, homeForTest, type RunningCommand, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";
import { countJobs, enqueueHeld, jobWhen, readExecutions, readJob } from "../support/worker-home.ts";
import { kill } from "../support/worker-processes.ts";
import { fault } from "./support/fault.ts";
import { readHistory } from "./support/history.ts";

/** Its parent is a keeper of the launcher; whom it means is in a file. */
const PILL = 'until [ -s worker.pid ]; do sleep 0.02; done; kill -9 "$(cat worker.pid)"; sleep 600';
const NEIGHBOUR = '[ "$QUEUECTL_ATTEMPT" -gt 1 ] || sleep 600; sleep 0.1';
const NEIGHBOURS = 7;
const CRASH_LIMIT = 3;

fault(
  "a job that kills its worker ends as a crash loop after three losses alone, and its seven neighbours complete",
  {
    row: "6 pill",
    target: "20 pills: crash_loop after 3 losses alone, neighbours complete",
    limitMs: 180_000,
  },
  async ({ rounds, shuffle, record }) => {
    const pills = rounds(20, 1);
    for (let round = 1; round <= pills; round++) {
      const home = homeForTest();
      const ids = Array.from({ length: NEIGHBOURS }, (_, index) => `neighbour-${index}`);
      for (const id of shuffle([...ids, "pill"]))
        await home.ok("enqueue", "--id", id, "--command", id === "pill" ? PILL : NEIGHBOUR);
      let worker = await startNameless(home);
      await until(() => countJobs(home, "processing") === 1 + NEIGHBOURS, "all jobs to run");
      for (let deaths = 1; deaths <= 1 + CRASH_LIMIT; deaths++) {
        await until(() => readExecutions(home, "pill").length === deaths, "the pill to run");
        home.write("worker.pid", String(worker.pid));
        expect(await worker.ended()).toMatchObject({ signal: "SIGKILL" });
        worker = await startNameless(home);
      }
      await jobWhen(home, "pill", "dead");
      expect(await home.json("info", "pill")).toMatchObject({ reason: "crash_loop" });
      expect(readExecutions(home, "pill").map(({ outcome }) => outcome)).toEqual(
        Array.from({ length: 1 + CRASH_LIMIT }, () => "lost"),
      );
      await until(() => countJobs(home, "completed") === NEIGHBOURS, "the neighbours to complete");
      // Lost once with the pill, and never again.
      for (const id of ids) {
        expect(readJob(home, id)).toMatchObject({ attempts: 0 });
        expect(readExecutions(home, id).map(({ outcome }) => outcome)).toEqual(["lost", "succeeded"]);
      }
      await home.close();
    }
    record(
      `${pills} pills dead as crash_loop, each after 1 loss in company and ${CRASH_LIMIT} alone; ${pills * NEIGHBOURS} neighbours completed, each lost once`,
    );
  },
);

/** A worker whose pid the pill does not know yet. */
async function startNameless(home: Home): Promise<RunningCommand> {
  rmSync(join(home.cwd, "worker.pid"), { force: true });
  return await home.startWorker(["--concurrency", String(1 + NEIGHBOURS)]);
}

const REBOOTS = CRASH_LIMIT + 1;

fault(
  "reboots under a long job never count against it, however many there are",
  { row: "6 reboots", target: "20 jobs under 4 reboots each: completed, nothing counted" },
  async ({ rounds, record }) => {
    const jobs = rounds(20, 1);
    for (let round = 1; round <= jobs; round++) {
      const home = homeForTest();
      const job = await enqueueHeld(home, "long");
      let worker = await home.startWorker();
      for (let boot = 1; boot <= REBOOTS; boot++) {
        await until(() => readExecutions(home, "long").length === boot, "the job to run");
        for (const pid of home.processes()) kill(pid);
        await worker.ended();
        byHand(home.db, (database) =>
          database.exec(`UPDATE workers SET boot_id = 'the boot before ${boot}'`),
        );
        worker = await home.startWorker();
      }
      job.letGo();
      await jobWhen(home, "long", "completed");
      expect(readJob(home, "long")).toMatchObject({ attempts: 0, executions: REBOOTS + 1 });
      expect(readHistory(home).map(({ outcome }) => outcome)).toEqual([
        ...Array.from({ length: REBOOTS }, () => "lost"),
        "succeeded",
      ]);
      await home.close();
    }
    record(`${jobs} jobs, each alone in its worker under ${REBOOTS} reboots: completed, 0 crash loops`);
  },
);

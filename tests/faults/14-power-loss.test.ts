import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { homeForTest, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";
import { kill } from "../support/worker-processes.ts";
import { fault } from "./support/fault.ts";
import { PowerDisk } from "./support/power-disk.ts";

const ENQUEUERS = 4;
const NEEDS = ["cc", "flock"];

fault(
  "what was acknowledged survives a power cut, at which only synced bytes are left",
  {
    row: "14",
    target: "2,000 acknowledgments, 200 cuts: acknowledged ⊆ survivors, integrity ok",
    needs: NEEDS,
    limitMs: 240_000,
  },
  async ({ rounds, record }) => {
    const home = homeForTest();
    const disk = new PowerDisk(home);
    const options = { env: disk.environment };
    const jobs = rounds(2_000, 40);
    const cuts = rounds(200, 8);
    const acknowledged: string[] = [];
    let next = 0;
    const enqueue = async (): Promise<void> => {
      while (next < jobs) {
        const id = `job-${next++}`;
        const { exitCode, stderr } = await home.run(["enqueue", "--quiet", "--id", id, "true"], options);
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
        acknowledged.push(id);
      }
    };
    const enqueued = Promise.all(Array.from({ length: ENQUEUERS }, enqueue));
    // Whoever waits for it is told; a cut may fail before.
    enqueued.catch(() => {});
    let survivors = 0;
    for (let round = 1; round <= cuts; round++) {
      await until(() => acknowledged.length > ((round - 1) * jobs) / cuts, "jobs to be acknowledged");
      // At first each command may be the last one to close, and empties the WAL; then a worker keeps it, and writes too.
      if (round === Math.ceil(cuts / 4)) await home.startWorker(["--concurrency", "2"], options);
      const before = [...acknowledged];
      const found = readCut(disk.cut());
      expect(before.filter((id) => !found.includes(id))).toEqual([]);
      survivors = found.length;
    }
    await enqueued;
    await home.ok("worker", "stop");
    expect(readCut(disk.cut())).toHaveLength(jobs);
    record(`${jobs} acknowledged, ${cuts} cuts (the last found ${survivors} jobs): lost 0, integrity ok`);
  },
);

fault(
  "the same disk takes acknowledged rows from a program that syncs less, and none from one that syncs as queuectl does",
  { row: "14 control", target: "2,000 rows: FULL loses none, NORMAL some", needs: NEEDS },
  async ({ rounds, record }) => {
    const rows = rounds(2_000, 100);
    const lost: Record<string, number> = {};
    for (const synchronous of ["FULL", "NORMAL"]) {
      const home = homeForTest();
      const path = join(home.root, "rows.db");
      const disk = new PowerDisk(home, path);
      const program = fileURLToPath(new URL("./support/insert-rows.ts", import.meta.url));
      const running = home.startNode([program, path, synchronous, String(rows)], { env: disk.environment });
      await running.printed("all\n");
      kill(running.pid);
      await running.ended();
      lost[synchronous] = rows - readCut(disk.cut()).length;
    }
    expect(lost["FULL"]).toBe(0);
    expect(lost["NORMAL"]).toBeGreaterThan(0);
    record(`of ${rows} acknowledged: FULL lost ${lost["FULL"]}, NORMAL ${lost["NORMAL"]}`);
  },
);

/** The ids in a database that was found after a cut, once it is known to be sound. */
function readCut(path: string): string[] {
  return byHand(path, (database) => {
    expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    return database
      .prepare("SELECT id FROM jobs")
      .all()
      .map(({ id }) => id as string);
  });
}

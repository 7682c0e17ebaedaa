import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { homeForTest } from "../support/queuectl.ts";
import { countJobs } from "../support/worker-home.ts";
import { CRASH_POINTS, type CrashPoint } from "./support/crash-points.ts";
import { fault } from "./support/fault.ts";
import { readHistory } from "./support/history.ts";

const HOOK = fileURLToPath(new URL("../support/sql-hook.ts", import.meta.url));
const PROGRAM = fileURLToPath(new URL("./support/crashing-worker.ts", import.meta.url));

const MOST_TIMES = 3;
/** Four slots may be filled, and emptied, in one commit each: so many for a point to be passed as often as that. */
const JOBS_A_CRASH = 4 * MOST_TIMES;

fault(
  "a worker that crashes at any step, in a sweep too, loses no job, and none is completed twice",
  {
    row: "2",
    target: "each of 9 points x 50: lost 0, second completions 0, starts <= crashes + 1",
    limitMs: 240_000,
  },
  async ({ rounds, random, shuffle, record }) => {
    const home = homeForTest();
    // Whoever crashes takes a suspect along; that such a job ends is row 6.
    await home.ok("config", "set", "crash-limit", "1000000");
    // The sweep's points need a dead worker to be reached: the first crash leaves one.
    const crashes: CrashPoint[] = [
      "after the claim",
      ...Array.from({ length: rounds(50) }, () => shuffle(CRASH_POINTS)).flat(),
    ];
    let jobs = 0;
    for (const point of crashes) {
      const lines = Array.from({ length: JOBS_A_CRASH }, () => {
        jobs += 1;
        return JSON.stringify({
          id: `job-${jobs}`,
          command: 'echo "$QUEUECTL_JOB_ID $QUEUECTL_ATTEMPT" >> started; sleep 0.02',
        });
      });
      await home.ok("enqueue", "--quiet", "--file", home.write("jobs.jsonl", lines.join("\n")));
      const args = [HOOK, PROGRAM, home.db, point, String(timesOf(point, random))];
      const worker = home.startNode(["--import", ...args]);
      // It got there: nothing else kills it.
      expect(await worker.ended()).toMatchObject({ signal: "SIGKILL", stderr: "" });
    }
    await home.drain("--quiet", "--concurrency", "4");

    expect(countJobs(home, "completed")).toBe(jobs);
    const history = readHistory(home);
    const succeeded = history.filter(({ outcome }) => outcome === "succeeded");
    const lost = history.filter(({ outcome }) => outcome === "lost");
    expect(new Set(succeeded.map(({ id }) => id)).size).toBe(jobs);
    expect(succeeded).toHaveLength(jobs);
    expect(history).toHaveLength(jobs + lost.length);
    expect(lost.length).toBeLessThanOrEqual(4 * crashes.length);
    const started = readFileSync(join(home.cwd, "started"), "utf8").trimEnd().split("\n");
    expect(new Set(started).size).toBe(started.length);
    expect(started.length).toBeLessThanOrEqual(history.length);
    record(
      `${CRASH_POINTS.length} points x ${Math.floor(crashes.length / CRASH_POINTS.length)}, ${jobs} jobs: ${lost.length} executions lost and run again, second completions 0`,
    );
  },
);

/** At the how-manieth passing it crashes. There is one dead worker to sweep at a time, the one before. */
function timesOf(point: CrashPoint, random: () => number): number {
  return /death|recovery/.test(point) ? 1 : 1 + Math.floor(random() * MOST_TIMES);
}

/** By each of these a person says where things are and what is shown; none is about who a worker is or what is synced. */
const VARIABLES = [
  "QUEUECTL_ARRAY_ID",
  "QUEUECTL_ARRAY_INDEX",
  "QUEUECTL_ATTEMPT",
  "QUEUECTL_CONFIG_",
  "QUEUECTL_CONFIG_DB_PATH",
  "QUEUECTL_DB",
  "QUEUECTL_DEBUG",
  "QUEUECTL_HOME",
  "QUEUECTL_JOB_ID",
  "QUEUECTL_JOB_QUEUE",
  "QUEUECTL_LAUNCHER",
  "QUEUECTL_SCHEDULE",
  "QUEUECTL_SCHEDULED_AT",
  "QUEUECTL_SHIM_PID",
  "QUEUECTL_TREE",
];

function readShipped(file: string): string {
  return readFileSync(fileURLToPath(new URL(`../../dist/${file}`, import.meta.url)), "utf8");
}

test.each([
  ["queuectl.cjs", "queuectl-rest.cjs", "queuectl-yaml.cjs"],
  ["index.mjs", "index-yaml.mjs"],
])(
  "no variable of the environment can fake an identity, skip a sync or crash what is shipped: %s",
  (...files) => {
    const shipped = files.map(readShipped).join("\n");
    // A new one is to be looked at here before it is shipped.
    const named = new Set(shipped.match(/\bQUEUECTL_[A-Z_]*[A-Z_]\b/g));
    expect(VARIABLES).toEqual(expect.arrayContaining([...named]));
    // Written once, with nothing to choose.
    expect(shipped.match(/\bsynchronous *=[^;]*/g)).toEqual(["synchronous = FULL"]);
    // What says who a worker is comes from the kernel, by constant paths.
    for (const path of ["/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"])
      expect(shipped.match(new RegExp(`["'\`]${path}["'\`]`, "g"))).toHaveLength(1);
    // Nothing in it ends itself by a signal or on purpose.
    expect(shipped.match(/kill\(process\.pid|process\.abort|\bFAULT|\bCRASH/g)).toBeNull();
  },
);

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { HAS_NATIVE } from "../support/launchers.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { countJobs, readExecutions } from "../support/worker-home.ts";
import { isRunning, kill, processesWith } from "../support/worker-processes.ts";
import { fault, times } from "./support/fault.ts";
import { WorkerFleet } from "./support/worker-fleet.ts";

/** At first a tree that wants to stay; at the second time, a look at who of it is still there. */
const COMMAND = `
  if [ "$QUEUECTL_ATTEMPT" -gt 1 ]; then
    grep -lsz "^FAULT_TREE=$FAULT_TREE$" $(sed 's|.*|/proc/&/environ|' tree.$QUEUECTL_JOB_ID) >> met; exit 0
  fi
  note() { echo $1 >> tree.$QUEUECTL_JOB_ID; }
  env -i setsid sleep 300 & echo $! >> wiped
  sleep 300 & note $!
  sh -c 'sh -c "sleep 300 & wait" & wait' & note $!
  nohup sleep 300 >/dev/null 2>&1 & note $!
  setsid sleep 300 & note $!
  setsid sh -c 'setsid sleep 300 & exit 0' & note $!
  sh -c 'trap "" TERM INT HUP; while :; do sleep 0.2; done' & note $!
  nohup setsid sh -c 'trap "" TERM INT HUP; while :; do sleep 0.2; done' >/dev/null 2>&1 & note $!
  note $$; wait; sleep 300`;
/** Those that stay and can be found by their environment: the shell, child, nested three, nohup, setsid, double fork, and twice one that is deaf to TERM. */
const PROCESSES = 10;

/** What ends a tree, and what the history then says. Those that are run again are run again by another worker. */
const ENDINGS: readonly Ending[] = [
  { name: "timeout", outcome: "timed_out", flags: ["--timeout", "4s", "--max-retries", "0"] },
  {
    name: "stop --force",
    outcome: "interrupted",
    end: (home) => home.ok("worker", "stop", "--force"),
  },
  { name: "cancel", outcome: "cancelled", end: (home, _, ids) => home.ok("cancel", ...ids) },
  { name: "worker kill -9", outcome: "lost", end: (_, fleet) => fleet.killAll(), isRunAgain: true },
];

interface Ending {
  name: string;
  outcome: string;
  flags?: readonly string[];
  end?(home: Home, fleet: WorkerFleet, ids: readonly string[]): Promise<unknown>;
  isRunAgain?: boolean;
}

const AT_ONCE = 5;

for (const ending of ENDINGS) {
  fault(
    `${ending.name} leaves no process of a job behind, however it forked`,
    { row: `10 ${ending.name}`, target: "50 trees of 10 processes: 0 survivors", limitMs: 240_000 },
    async ({ rounds, record }) => {
      const samples: number[] = [];
      for (let left = rounds(50, 2); left > 0; left -= AT_ONCE)
        samples.push(await endTrees(ending, Math.min(left, AT_ONCE)));
      record(
        `${samples.length} times up to ${AT_ONCE} trees at once: 0 survivors; ended after ${times(samples)}`,
      );
    },
  );
}

/** Gives the time from the end's beginning until it is in the history. */
async function endTrees({ flags = [], outcome, end, isRunAgain }: Ending, count: number): Promise<number> {
  const home = homeForTest();
  // Not the marker that queuectl itself looks for.
  const marker = `FAULT_TREE=${home.root}`;
  await home.ok("config", "set", "kill-grace", "0.3");
  const ids = Array.from({ length: count }, (_, index) => `job-${index}`);
  for (const id of ids) await home.ok("enqueue", "--id", id, "--env", marker, ...flags, "--command", COMMAND);
  const fleet = await WorkerFleet.start(home, 1, "--concurrency", String(AT_ONCE));
  await until(() => processesWith(marker).length >= PROCESSES * count, "all trees to be up");

  const endedAt = performance.now();
  await end?.(home, fleet, ids);
  if (isRunAgain) await WorkerFleet.start(home, 1, "--concurrency", String(AT_ONCE));
  await until(
    () => countJobs(home, "processing") === 0 && (!isRunAgain || countJobs(home, "completed") === count),
    "all of them to be over",
  );
  const tookMs = performance.now() - endedAt;

  // From the moment on in which the history says that it is over.
  expect(processesWith(marker)).toEqual([]);
  const wiped = pidsOf(home, "wiped");
  expect(wiped).toHaveLength(count);
  const left = wiped.filter(isRunning);
  // Without the native launcher nobody can know it: said among the limits.
  if (HAS_NATIVE) expect(left).toEqual([]);
  else for (const pid of left) kill(pid);
  for (const id of ids) {
    expect(readExecutions(home, id)[0]).toMatchObject({ outcome });
    expect(pidsOf(home, `tree.${id}`)).toHaveLength(8);
  }
  if (isRunAgain) expect(readFileSync(join(home.cwd, "met"), "utf8")).toBe("");
  else expect(existsSync(join(home.cwd, "met"))).toBe(false);
  return tookMs;
}

function pidsOf(home: Home, name: string): number[] {
  return readFileSync(join(home.cwd, name), "utf8").trim().split("\n").map(Number);
}

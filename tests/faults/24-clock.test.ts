import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";
import { jobWhen, readJob } from "../support/worker-home.ts";
import { fault, times } from "./support/fault.ts";
import { LivingWorkers } from "./support/living-workers.ts";

const LEASE_S = 1.5;
/** Three a lease. */
const HEARTBEATS = 6;
const BACKOFF_S = 3;
const TIMEOUT_MS = 3_000;
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** One whose instants are all caught up, and one that has instants all the time. */
const SCHEDULES = {
  hours: ["0 * * * *", "--catch-up", "all"],
  seconds: ["* * * * * *", "--catch-up", "one"],
} as const;

/** What happens to the wall clock, in the words of libfaketime; the monotonic clock goes on, as on a real machine. */
const HAPPENINGS: readonly { name: string; clocks: readonly string[] }[] = [
  { name: "+1 h", clocks: ["+1h"] },
  { name: "-1 h", clocks: ["-1h"] },
  { name: "+1 day", clocks: ["+1d"] },
  { name: "-1 day", clocks: ["-1d"] },
  { name: "frozen for a while", clocks: ["2026-11-25 12:00:00", "+0"] },
  { name: "ten times as fast", clocks: ["+0 x10"] },
  { name: "+1 day and back", clocks: ["+1d", "+0"] },
  { name: "-1 day and back", clocks: ["-1d", "+0"] },
];

fault(
  "whatever the wall clock does, no lease expires early, no retry and no instant of a schedule is lost or comes twice, and timeouts last as long as they say",
  {
    row: "24",
    target: "8 kinds of step: no early expiry, no lost retry, no lost schedule",
    needs: ["faketime"],
    limitMs: 240_000,
  },
  async ({ rounds, shuffle, record }) => {
    const chosen = shuffle(HAPPENINGS).slice(0, rounds(HAPPENINGS.length, 2));
    const retried: number[] = [];
    let fired = 0;
    for (const { name, clocks } of chosen) {
      const home = homeForTest();
      const clock = new WallClock(home);
      const living = await LivingWorkers.start(home, 2, {
        flags: ["--lease-timeout", `${LEASE_S}s`, "--concurrency", "3"],
        env: clock.environment,
      });
      const fails = ["--backoff-base", String(BACKOFF_S), "--max-retries", "1"];
      await home.ok("enqueue", "--id", "failing", ...fails, 'test "$QUEUECTL_ATTEMPT" -gt 1');
      const ends = ["--timeout", `${TIMEOUT_MS / 1_000}s`, "--max-retries", "0"];
      await home.ok("enqueue", "--id", "slow", ...ends, "sleep 600");
      await jobWhen(home, "failing", "failed");
      await until(() => readJob(home, "slow").state === "processing", "the slow job to run");

      const addedAt = Date.now();
      for (const [name, words] of Object.entries(SCHEDULES))
        await home.ok(
          "schedule",
          "add",
          name,
          ...words,
          "--overlap",
          "allow",
          'echo "$QUEUECTL_JOB_ID" >> ran',
        );
      await until(() => instantsOf(home, "seconds").length >= 2, "the schedule of each second to fire");

      const steppedAt = performance.now();
      for (const [index, time] of clocks.entries()) {
        if (index > 0) await living.heard(HEARTBEATS);
        clock.set(time);
        await until(() => isAway(home) === (time !== "+0"), `the workers to live at ${time}`);
      }
      await jobWhen(home, "failing", "completed");
      retried.push(performance.now() - steppedAt);
      await jobWhen(home, "slow", "dead");
      const [slow] = (await home.json<{ executions: Execution[] }>("info", "slow")).executions;
      expect(slow, name).toMatchObject({ outcome: "timed_out" });
      expect(slow?.duration).toBeGreaterThanOrEqual(TIMEOUT_MS / 1_000);
      await living.heard(HEARTBEATS);
      living.expectUntouched();
      fired += await expectEachOnce(home, addedAt, name);
      await home.close();
    }
    record(
      `${chosen.map(({ name }) => name).join(", ")}: leases lost 0, a retry due in ${BACKOFF_S} s began after the step by ${times(retried)}; ${fired} instants of schedules, each run once`,
    );
  },
);

interface Execution {
  outcome: string;
  /** Seconds. */
  duration: number;
}

/** What was decided of a schedule's instants, by instant. */
function instantsOf(home: Home, schedule: string): { instant: number; outcome: string; at: number }[] {
  return byHand(home.db, (database) =>
    database
      .prepare("SELECT instant, outcome, at FROM firings WHERE schedule = ? ORDER BY instant")
      .all(schedule),
  ) as { instant: number; outcome: string; at: number }[];
}

/** The ids that the runs of a schedule have left behind. */
function runsOf(home: Home, schedule: string): string[] {
  const lines = readFileSync(join(home.cwd, "ran"), "utf8").trimEnd().split("\n");
  return lines.filter((id) => id.startsWith(`${schedule}:`));
}

/** So many seconds in a row, as the workers' clock shows them at last, are decided, each of them. */
const SECONDS = 8;

/** @returns how many runs of schedules there were */
async function expectEachOnce(home: Home, addedAt: number, name: string): Promise<number> {
  const before = runsOf(home, "seconds").length;
  await until(() => runsOf(home, "seconds").length >= before + 2 * SECONDS, "the seconds to go on");
  const seconds = instantsOf(home, "seconds");
  const newest = seconds.reduce((latest, each) => (each.at > latest.at ? each : latest));
  const last = byHand(home.db, (database) =>
    database.prepare("SELECT next_at FROM schedules WHERE name = 'seconds'").get(),
  )?.["next_at"] as number;
  const lately = seconds.filter(({ instant }) => instant < last).slice(-SECONDS);
  expect(
    lately.map(({ instant }) => instant),
    name,
  ).toEqual(lately.map((_, index) => (lately[0]?.instant ?? 0) + index * SECOND_MS));
  // Every hour that any of the clocks has shown since.
  const hours: number[] = [];
  for (let hour = Math.ceil(addedAt / HOUR_MS) * HOUR_MS; hour < newest.instant; hour += HOUR_MS)
    hours.push(hour);
  await until(() => instantsOf(home, "hours").length >= hours.length, `${hours.length} hours to be fired`);
  for (const hour of hours)
    expect(instantsOf(home, "hours"), name).toContainEqual(
      expect.objectContaining({ instant: hour, outcome: "fired" }),
    );
  await until(() => runsOf(home, "hours").length >= hours.length, `${hours.length} hours to run`);
  const ran = [...runsOf(home, "hours"), ...runsOf(home, "seconds")];
  expect(new Set(ran).size, name).toBe(ran.length);
  return ran.length;
}

/** Whether the workers' wall clock, by which they date their heartbeats, is far from this one's. */
function isAway(home: Home): boolean {
  return byHand(home.db, (database) => database.prepare("SELECT heartbeat_at FROM workers").all()).every(
    (row) => Math.abs((row["heartbeat_at"] as number) - Date.now()) > 5_000,
  );
}

/** The wall clock of the workers; the test's own goes on. */
class WallClock {
  readonly #file: string;
  readonly environment: Readonly<Record<string, string>>;

  constructor(home: Home) {
    this.#file = join(home.root, "clock");
    this.set("+0");
    const library = execFileSync("faketime", ["-f", "+0", "printenv", "LD_PRELOAD"], {
      encoding: "utf8",
    }).trim();
    this.environment = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
  }

  set(time: string): void {
    writeFileSync(this.#file, time);
  }
}

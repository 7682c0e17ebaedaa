import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";
import { countJobs, startBackground } from "../support/worker-home.ts";

const INSTANTS = 1_000;
const SECOND = 1_000;

/** Of each second; each run leaves its id behind. */
async function addTicking(home: Home, name: string): Promise<void> {
  const policies = ["--overlap", "allow", "--catch-up", "all"];
  await home.ok("schedule", "add", name, "* * * * * *", ...policies, 'echo "$QUEUECTL_JOB_ID" >> ran');
}

test("of a thousand instants over four worker processes each runs exactly once, by an independent count, and none is left out", async () => {
  const home = homeForTest();
  await addTicking(home, "past");
  // As if nobody had been there for a quarter of an hour.
  byHand(home.db, (db) => db.exec(`UPDATE schedules SET next_at = next_at - ${(INSTANTS - 150) * SECOND}`));
  // All of these come at the same instants, to four workers that are awake for each.
  const live = Array.from({ length: 10 }, (_, index) => `live-${index}`);
  for (const name of live) await addTicking(home, name);
  await startBackground(home, 4, "--concurrency", "2");
  const fired = () =>
    byHand(home.db, (db) => db.prepare("SELECT schedule, instant, outcome FROM firings").all());
  await until(() => fired().length >= INSTANTS, "the instants to come");
  byHand(home.db, (db) => db.exec("PRAGMA busy_timeout = 5000; UPDATE schedules SET is_paused = 1"));
  const all = fired() as { schedule: string; instant: number; outcome: string }[];
  await until(() => countJobs(home, "completed") === all.length, "all their jobs to be completed");
  await home.ok("worker", "stop");

  const ids = all.map(({ schedule, instant }) => {
    const stamp = new Date(instant).toISOString().replace(/[-:]|\.000/g, "");
    return `${schedule}:${stamp}`;
  });
  expect(readFileSync(join(home.cwd, "ran"), "utf8").trimEnd().split("\n").sort()).toEqual(ids.sort());
  for (const name of ["past", ...live]) {
    const instants = all.filter(({ schedule }) => schedule === name).map(({ instant }) => instant);
    const [first = 0] = instants;
    expect(instants, name).toEqual(instants.map((_, index) => first + index * SECOND));
  }
  expect(all.filter(({ outcome }) => outcome !== "fired")).toEqual([]);
});

import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { type Home, homeForTest } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";

const DAY_MS = 86_400_000;

/** Completed, dead, waiting and (by hand) cancelled jobs, with much output and with little, that ended so long ago. */
async function homeWithHistory(ageMs = 31 * DAY_MS): Promise<Home> {
  const home = homeForTest();
  const once = ["--max-retries", "0"];
  await home.ok("enqueue", "--id", "good", "echo little");
  await home.ok("enqueue", "--id", "loud", "seq 1 5000");
  await home.ok("enqueue", "--id", "bad", ...once, "seq 1 5000; exit 1");
  await home.ok("enqueue", "--id", "stopped", "true");
  await home.drain();
  await home.ok("enqueue", "--id", "waits", "true");
  byHand(home.db, (database) => {
    database.exec("UPDATE jobs SET state = 'cancelled', worker = NULL WHERE id = 'stopped'");
    database.prepare("UPDATE jobs SET updated_at = updated_at - ?").run(ageMs);
    database.prepare("UPDATE executions SET finished_at = finished_at - ?").run(ageMs);
  });
  return home;
}

async function idsOf(home: Home): Promise<string[]> {
  return (await home.json<{ id: string }[]>("list")).map(({ id }) => id).sort();
}

function outputFiles(home: Home): string[] {
  const [store = ""] = readdirSync(join(`${home.db}.d`, "output"));
  return readdirSync(join(`${home.db}.d`, "output", store)).sort();
}

test("prune removes what is older than it is to be kept, with its output; what is dead or waits stays", async () => {
  const home = await homeWithHistory();
  expect(outputFiles(home)).toEqual(["2.stdout", "3.stdout"]);
  expect(await home.ok("prune", "--dry-run")).toBe("Would remove 3 jobs (2 completed, 1 cancelled).\n");
  expect(await idsOf(home)).toHaveLength(5);
  expect(await home.ok("prune")).toBe("Removed 3 jobs (2 completed, 1 cancelled).\n");
  expect(await idsOf(home)).toEqual(["bad", "waits"]);
  expect(outputFiles(home)).toEqual(["3.stdout"]);
  expect(await home.ok("logs", "bad", "--tail", "1")).toBe("5000\n");
  expect(await home.json("prune")).toEqual({
    removed: { completed: 0, cancelled: 0, dead: 0 },
    outputs_removed: 0,
    dry_run: false,
  });
});

test("what is younger than it is to be kept stays, and with none everything does", async () => {
  const home = await homeWithHistory(29 * DAY_MS);
  expect(await home.ok("prune")).toBe("Removed 0 jobs.\n");
  await home.ok("config", "set", "retain-completed", "28d");
  await home.ok("config", "set", "retain-cancelled", "none");
  expect(await home.ok("prune")).toBe("Removed 2 jobs (2 completed).\n");
  expect(await idsOf(home)).toEqual(["bad", "stopped", "waits"]);
  await home.ok("config", "set", "retain-cancelled", "0");
  expect(await home.ok("prune", "--state", "cancelled")).toBe("Removed 1 job (1 cancelled).\n");
});

test("retain-logs takes the output of old executions and leaves their history, which says so", async () => {
  const home = await homeWithHistory();
  for (const key of ["retain-completed", "retain-cancelled"]) await home.ok("config", "set", key, "none");
  expect(await home.ok("prune")).toBe("Removed 0 jobs, and the output of 2 older executions.\n");
  for (const id of ["good", "loud"]) {
    expect(await home.run(["logs", id])).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "The stdout of execution 1 has been removed by now (setting retain-logs).\n",
    });
    expect(await home.ok("info", id)).toContain("its output has been removed (setting retain-logs)");
    expect(await home.json("info", id)).toMatchObject({
      executions: [{ outcome: "succeeded", stdout_tail: "", output_pruned: true }],
    });
  }
  expect(outputFiles(home), "a dead job keeps its output").toEqual(["3.stdout"]);
  expect(await home.json("info", "bad")).toMatchObject({ executions: [{ output_pruned: false }] });
});

test("--older goes beyond the settings, and so needs a yes where nobody can be asked", async () => {
  const home = await homeWithHistory(2 * DAY_MS);
  expectRefusal(await home.run(["prune", "--older", "1d"]), {
    exitCode: 1,
    says: "Remove 3 jobs (2 completed, 1 cancelled) with their history and output?",
    remedy: "--yes",
  });
  expectJsonRefusal(await home.run(["prune", "--older", "1d", "--json"]), {
    exitCode: 1,
    code: "not_confirmed",
  });
  expect(await home.ok("prune", "--older", "3d"), "nothing is that old").toBe("Removed 0 jobs.\n");
  expect(await home.ok("prune", "--older", "1d", "--yes")).toBe(
    "Removed 3 jobs (2 completed, 1 cancelled).\n",
  );
  expect(await idsOf(home)).toEqual(["bad", "waits"]);
});

test("dead jobs go only when they are asked for by state and age", async () => {
  const home = await homeWithHistory();
  expectRefusal(await home.run(["prune", "--state", "dead", "--yes"]), {
    exitCode: 1,
    says: "Dead jobs are kept until a person removes them",
    remedy: "--older 90d",
  });
  expectRefusal(await home.run(["prune", "--state", "pending"]), {
    exitCode: 1,
    says: '--state cannot be "pending"',
    remedy: "completed, cancelled, dead",
  });
  expect(await home.ok("prune", "--state", "dead", "--older", "30d", "--yes")).toBe(
    "Removed 1 job (1 dead).\n",
  );
  expect(await idsOf(home)).toEqual(["good", "loud", "stopped", "waits"]);
  expect(outputFiles(home)).toEqual(["2.stdout"]);
});

test("output files that no history leads to are removed, other files are left alone", async () => {
  const home = await homeWithHistory(0);
  const [store = ""] = readdirSync(join(`${home.db}.d`, "output"));
  const folder = join(`${home.db}.d`, "output", store);
  for (const name of ["99.stdout", "99.stderr", "notes.txt"]) writeFileSync(join(folder, name), "x");
  await home.ok("prune");
  expect(outputFiles(home)).toEqual(["2.stdout", "3.stdout", "notes.txt"]);
});

test("where there is no store there is nothing to prune, and none is made", async () => {
  const home = homeForTest();
  expect(await home.ok("prune")).toBe("Removed 0 jobs.\n");
  expect(existsSync(home.db)).toBe(false);
});

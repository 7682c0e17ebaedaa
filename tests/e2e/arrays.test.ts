import { describe, expect, test } from "vitest";
import { concurrencyIn } from "../support/concurrency.ts";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { pendingJob, type ShownJob } from "../support/job-json.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";

async function states(home: Home, array: string): Promise<Record<string, number>> {
  const { counts } = await home.json<{ counts: Record<string, number> }>("info", array);
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** A job that notes when it begins and ends. */
const MARKING = "echo + >>marks; sleep 0.02; echo - >>marks";

test("an array is one job for each index, under ids of its own", async () => {
  const home = homeForTest();
  const answer = await home.run(["enqueue", "--array", "1-100%8", "--", "./sim", "--seed={}"]);
  expect(answer.stdout).toMatch(
    /^✅ Array enqueued successfully\. ID: [0-9a-z]{10} \(100 jobs, at most 8 at once\)\n$/,
  );
  expect(answer.stderr).toContain("Each may run for 5 min (setting job-timeout)");
  expect(await home.ok("enqueue", "--array", "7", "--id", "one", "true")).toBe(
    "✅ Array enqueued successfully. ID: one (1 job)\n",
  );
  expect(await home.run(["enqueue", "--quiet", "--array", "0-9:3", "--id", "steps", "true"])).toMatchObject({
    stdout: "steps\n",
    stderr: "",
  });
  const jobs = await home.json<ShownJob[]>(
    "enqueue",
    "--array",
    "3,1",
    "--id",
    "a",
    "--tag",
    "t",
    "echo {} {}",
  );
  const member = (index: number) => ({ kind: "array", id: "a", member: String(index) });
  expect(jobs).toEqual([
    pendingJob({ id: "a.3", command: "echo 3 3", tags: ["t"], group: member(3) }),
    pendingJob({ id: "a.1", command: "echo 1 1", tags: ["t"], group: member(1) }),
  ]);
  expect((await home.json<ShownJob[]>("list", "--of", "steps")).map(({ id }) => id)).toEqual([
    "steps.0",
    "steps.3",
    "steps.6",
    "steps.9",
  ]);
});

test("a job of an array sees its index in its words, its text and its environment, and others see none", async () => {
  const home = homeForTest();
  const seen = 'printf "%s " "$QUEUECTL_ARRAY_ID" "$QUEUECTL_ARRAY_INDEX" ';
  await home.ok("enqueue", "--array", "4-5", "--id", "text", `${seen}{}`);
  await home.ok("enqueue", "--array", "4-5", "--id", "words", "--", "printf", "<%s>", "{}", "a{}b");
  await home.ok("enqueue", "--array", "4", '{"id":"json","argv":["printf","%s","{}"]}');
  await home.ok("enqueue", "--id", "alone", `${seen}; echo {}`);
  // A worker may be the job of an array itself.
  const env = { QUEUECTL_ARRAY_ID: "the worker's", QUEUECTL_ARRAY_INDEX: "9" };
  expect(await home.run(["worker", "start", "--drain"], { env })).toMatchObject({ exitCode: 0 });
  expect(await home.ok("logs", "text.5")).toBe("text 5 5 ");
  expect(await home.ok("logs", "words.4")).toBe("<4><a4b>");
  expect(await home.ok("logs", "json.4")).toBe("4");
  expect(await home.ok("logs", "alone")).toBe("  {}\n");
  expect(await home.json("info", "words.5")).toMatchObject({ argv: ["printf", "<%s>", "5", "a5b"] });
});

test("no more of an array run at once than its cap allows, over all workers", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--quiet", "--array", "1-30%3", "--id", "a", MARKING);
  await Promise.all([home.drain("--concurrency", "4"), home.drain("--concurrency", "4")]);
  expect(await states(home, "a")).toEqual({ completed: 30 });
  expect(concurrencyIn(`${home.cwd}/marks`)).toEqual({ most: 3, marks: 60 });
});

test("an array of 200 runs to its end, eight at once", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--quiet", "--array", "1-200%8", "--id", "a", "echo + >>marks; echo - >>marks");
  await Promise.all([home.drain("--concurrency", "10"), home.drain("--concurrency", "10")]);
  expect(await states(home, "a")).toEqual({ completed: 200 });
  const { most, marks } = concurrencyIn(`${home.cwd}/marks`);
  expect(marks).toBe(400);
  expect(most).toBeLessThanOrEqual(8);
});

test("as soon as so many of an array are dead as may be, what waits of it is cancelled", async () => {
  const home = homeForTest();
  const array = ["--array", "1-50", "--max-fails", "3", "--id", "a", "--max-retries", "0"];
  await home.ok("enqueue", "--quiet", ...array, "test {} -lt 5");
  await home.drain();
  expect(await states(home, "a")).toEqual({ completed: 4, dead: 3, cancelled: 43 });
  expect(await home.json("info", "a.50")).toMatchObject({
    error: '3 of "a" failed, which is as many as may',
  });
});

test("a job that a stop interrupts when so many are dead is not run again", async () => {
  const home = homeForTest();
  const array = ["--array", "1-3", "--max-fails", "1", "--id", "a", "--max-retries", "0"];
  await home.ok("enqueue", "--quiet", ...array, "test {} != 1 || sleep 300; exit 1");
  const worker = await home.startWorker(["--concurrency", "2"]);
  await until(async () => (await states(home, "a"))["dead"] === 1, "the second to die beside the first");
  await home.ok("worker", "stop", "--force");
  expect((await worker.ended()).stdout).toContain("Job a.1 was cancelled.");
  expect(await states(home, "a")).toEqual({ dead: 1, cancelled: 2 });
  expect(await home.json("info", "a.1")).toMatchObject({
    error: '1 of "a" failed, which is as many as may',
    executions: [{ outcome: "interrupted" }],
  });
});

test("an array stands for all its jobs where others wait for it", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--quiet", "--array", "1-3", "--id", "a", "echo {} >>done");
  await home.ok("enqueue", "--quiet", "--id", "sum", "--after", "a", "wc -l <done");
  await home.ok("enqueue", "--quiet", "--array", "1-2", "--id", "b", "--after", "sum", "true");
  expect(await home.ok("info", "sum")).toMatch(/^Waits for : a \(3 jobs: 3 pending\)$/m);
  await home.drain("--concurrency", "3");
  expect((await home.ok("logs", "sum")).trim()).toBe("3");
  expect(await states(home, "b")).toEqual({ completed: 2 });
});

describe("the id of an array stands for its jobs", () => {
  test("in cancel and retry, which take the unfinished ones and the dead or cancelled ones", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--quiet", "--array", "1-3", "--id", "a", "--max-retries", "0", "exit {}");
    await home.ok("enqueue", "--quiet", "--id", "alone", "true");
    expect(await home.ok("cancel", "a", "alone")).toBe(
      "✅ 3 jobs of the array a have been cancelled.\n✅ Job alone has been cancelled.\n",
    );
    expect(await states(home, "a")).toEqual({ cancelled: 3 });
    expectRefusal(await home.run(["cancel", "a"]), {
      exitCode: 1,
      says: 'Cannot cancel "a": all its jobs are finished',
      remedy: "queuectl list --of a",
    });
    expect(await home.ok("retry", "a")).toBe("✅ 3 jobs of the array a have been re-queued for retry.\n");
    await home.ok("cancel", "a.2");
    expect(await home.json<ShownJob[]>("cancel", "a"), "those that it changed").toMatchObject([
      { id: "a.1" },
      { id: "a.3" },
    ]);
  });

  test("in cancel of one that runs: those that run are ended, and waited for", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--quiet", "--array", "1-5%2", "--id", "a", "sleep 60");
    await home.startWorker(["--concurrency", "2"]);
    await until(async () => (await states(home, "a"))["processing"] === 2, "two of them to run");
    expect(await home.ok("cancel", "a", "--no-wait")).toBe("✅ 5 jobs of the array a are being cancelled.\n");
    await until(async () => (await states(home, "a"))["cancelled"] === 5, "all of them to be cancelled");
  });

  test("in dlq retry and dlq remove, which take the dead ones", async () => {
    const home = homeForTest();
    await home.ok(
      "enqueue",
      "--quiet",
      "--array",
      "0-3",
      "--id",
      "a",
      "--max-retries",
      "0",
      "test {} -eq 0 -o -e now",
    );
    await home.drain();
    expect(await states(home, "a")).toEqual({ completed: 1, dead: 3 });
    expect(await home.ok("dlq", "remove", "a.3", "--quiet")).toBe("");
    home.write("now", "");
    expect(await home.ok("dlq", "retry", "a")).toBe(
      "✅ 2 jobs of the array a have been re-queued for retry.\n",
    );
    await home.drain();
    expect(await states(home, "a")).toEqual({ completed: 3 });
    expectRefusal(await home.run(["dlq", "retry", "a"]), { exitCode: 1, says: "none of its jobs is dead" });

    await home.ok("enqueue", "--quiet", "--array", "1-2", "--id", "b", "--max-retries", "0", "false");
    await home.drain();
    expectRefusal(await home.run(["dlq", "remove", "b"]), {
      exitCode: 1,
      says: "Not done without a yes: Remove 2 jobs of the array b with their history and output?",
      remedy: "--yes",
    });
    expect(await home.ok("dlq", "remove", "b", "--dry-run")).toBe("Would remove 2 jobs of the array b.\n");
    expect(await home.json("dlq", "remove", "b", "--dry-run")).toEqual({
      removed: ["b.1", "b.2"],
      dry_run: true,
    });
    expect(await home.ok("dlq", "remove", "b", "--yes")).toBe(
      "✅ 2 jobs of the array b have been removed.\n",
    );
    expectRefusal(await home.run(["list", "--of", "b"]), { exitCode: 4, says: "There is no array" });
    await home.ok("enqueue", "--quiet", "--id", "b", "true");
  });

  test("in list --of, with a state and a limit, and on a terminal with its own numbers", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--quiet", "--array", "1-60", "--id", "a", "true");
    await home.ok("enqueue", "--quiet", "--id", "other", "true");
    await home.ok("cancel", "a.60");
    const ids = async (...more: string[]) =>
      (await home.json<ShownJob[]>("list", "--of", "a", ...more)).map(({ id }) => id);
    expect(await ids("--limit", "2")).toEqual(["a.59", "a.60"]);
    expect(await ids("--state", "cancelled")).toEqual(["a.60"]);
    expect(await ids()).toHaveLength(60);
    const { stdout } = await home.terminal(["list", "--of", "a"]);
    expect(stdout).toContain("and 10 older ones; all of them: queuectl list --of a | less, or --limit N");
  });

  test("in info, which says how it stands", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--quiet", "--array", "1-3%2", "--max-fails", "1", "--id", "a", "exit {}");
    expect(await home.ok("info", "a")).toMatch(
      /^Id +: a\nArray +: exit \{\}\nState +: 3 jobs: 3 pending\nAt once +: at most 2\nMax fails +: 1\nCreated +: \S+\n\nIts jobs: queuectl list --of a\n$/,
    );
    expect(await home.ok("info", "a.2")).toMatch(/^Array +: a, index 2 \(3 jobs: 3 pending\)$/m);
    expect(await home.json("info", "a")).toMatchObject({ kind: "array", concurrency: 2, max_fails: 1 });
  });

  test("and nowhere else: one job is asked for, or none is there", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--quiet", "--array", "1-3", "--id", "arr1", "true");
    expectRefusal(await home.run(["logs", "arr1"]), {
      exitCode: 4,
      says: '"arr1" is no job, but a group of them (array)',
      remedy: "queuectl explain arr1",
    });
    expectRefusal(await home.run(["list", "--of", "nothing"]), {
      exitCode: 4,
      says: 'There is no array, flow or schedule "nothing"',
      remedy: "queuectl info ID",
    });
    expectRefusal(await home.run(["list", "--of", "arr1.1"]), { exitCode: 4, says: 'schedule "arr1.1"' });
    expectRefusal(await home.run(["cancel", "arr"]), { exitCode: 4, says: 'There is no job "arr"' });
    expectJsonRefusal(await home.run(["list", "--json", "--of", "nothing"]), {
      exitCode: 4,
      code: "job_not_found",
    });
  });
});

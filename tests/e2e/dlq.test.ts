import { expect, test } from "vitest";
import { textWidth } from "../../src/cli/render/text-width.ts";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { pendingJob, type ShownJob } from "../support/job-json.ts";
import { type Home, homeForTest } from "../support/queuectl.ts";

/** A home with jobs that died, and one that did not. */
async function homeWithDead(...ids: string[]): Promise<Home> {
  const home = homeForTest();
  const dead = ids.map((id) => ({
    id,
    command: `echo "out of ${id}"; echo "${id} went wrong" >&2; exit 7`,
    max_retries: 0,
  }));
  await home.ok("enqueue", JSON.stringify([...dead, { id: "alive", command: "true" }]));
  await home.drain();
  return home;
}

test("dlq list shows id, command, reason, last output line and instant, of dead jobs only", async () => {
  const home = await homeWithDead("a1", "b2");
  await home.ok("enqueue", "--id", "quiet", "--max-retries", "0", "exit 9");
  await home.ok(
    "enqueue",
    "--id",
    "c3",
    "--max-retries",
    "0",
    String.raw`printf 'first\n\033[31mla\tst\033]0;x\007\n\n'; exit 1`,
  );
  await home.drain();

  const rows = (await home.ok("dlq", "list"))
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  expect(rows).toEqual([
    [
      "a1",
      'echo "out of a1"; echo "a1 went wrong" >&2; exit 7',
      "retries_spent",
      "a1 went wrong",
      expect.stringMatching(/Z$/),
    ],
    ["b2", expect.any(String), "retries_spent", "b2 went wrong", expect.any(String)],
    ["quiet", "exit 9", "retries_spent", "exit code 9", expect.any(String)],
    [
      "c3",
      expect.any(String),
      "retries_spent",
      expect.stringContaining("la\\tst\\e]0;x\\x07"),
      expect.any(String),
    ],
  ]);

  const json = await home.json<(ShownJob & { last_line: string })[]>("dlq", "list");
  const died = { state: "dead", attempts: 1, max_retries: 0, reason: "retries_spent" };
  const [first] = json;
  expect(first).toEqual({
    ...pendingJob({ ...died, id: "a1", exit_code: 7, error: "exit code 7" }),
    last_line: "a1 went wrong",
  });
  expect(json.map(({ id }) => id)).toEqual(["a1", "b2", "quiet", "c3"]);
  expect(json[3]?.last_line).toContain("\u001b]0;x\u0007");

  for (const columns of [50, 90]) {
    const { stdout } = await home.terminal(["dlq", "list", "--no-color"], { columns, stderrApart: true });
    expect(stdout).toMatch(/^ID +COMMAND +REASON +LAST OUT\S* +UPDATED\na1 /);
    for (const line of stdout.split("\n")) expect(textWidth(line), line).toBeLessThanOrEqual(columns);
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  }
  const empty = await home.terminal(["dlq", "list", "--db", "none.db"], { stderrApart: true });
  expect(empty.stdout).toBe("The dead letter queue is empty.\n");
});

test("dlq retry brings jobs back with no failures and a full new series of retries", async () => {
  const home = await homeWithDead("a1", "b2", "c3");
  expect(await home.ok("dlq", "retry", "a1", "b2")).toBe(
    "✅ Job a1 has been re-queued for retry.\n✅ Job b2 has been re-queued for retry.\n",
  );
  const pending = {
    state: "pending",
    attempts: 0,
    reason: null,
    error: null,
    exit_code: null,
    next_run_at: null,
  };
  expect(await home.json("info", "a1")).toMatchObject({
    ...pending,
    max_retries: 0,
    executions: [{ number: 1 }],
  });
  expect(await home.json("dlq", "list")).toMatchObject([{ id: "c3" }]);

  expect(await home.json("dlq", "retry", "c3")).toEqual([
    pendingJob({ ...pending, id: "c3", max_retries: 0 }),
  ]);
  await home.drain();
  const again = await home.json<{ executions: unknown[] }>("info", "a1");
  expect(again).toMatchObject({ state: "dead", attempts: 1, executions: [{ number: 1 }, { number: 2 }] });
  expect(await home.ok("dlq", "retry", "a1", "a1", "--quiet")).toBe("");
  expect(await home.json("info", "a1")).toMatchObject(pending);
});

test("dlq remove, and rm, delete dead jobs for good, their output too", async () => {
  const home = await homeWithDead("a1", "b2", "c3");
  await home.ok("enqueue", "--id", "big", "--max-retries", "0", "seq 1 20000; exit 1");
  await home.drain();
  const outputs = () => home.files().filter((path) => path.endsWith(".stdout"));
  expect(outputs()).toHaveLength(1);

  expect(await home.ok("dlq", "remove", "a1", "big")).toBe(
    "✅ Job a1 has been removed.\n✅ Job big has been removed.\n",
  );
  expect(outputs()).toEqual([]);
  expect(await home.json("dlq", "rm", "b2")).toEqual({ removed: ["b2"], dry_run: false });
  expect(await home.json("dlq", "list")).toMatchObject([{ id: "c3" }]);
  expectRefusal(await home.run(["info", "a1"]), { exitCode: 4, says: 'There is no job "a1"' });
  expect(await home.json("status")).toMatchObject({ counts: { dead: 1, completed: 1 } });
  expect(await home.ok("enqueue", "--id", "a1", "true"), "the id is free again").toContain("ID: a1");
});

test("of several ids all are checked first: with one bad, nothing changes", async () => {
  const home = await homeWithDead("dead-one", "dead-two");
  const before = await home.json("list");
  const refused = async (ids: string[], wanted: { exitCode: number; says: string; remedy: string }) => {
    for (const verb of ["retry", "remove"]) {
      expectRefusal(await home.run(["dlq", verb, ...ids]), wanted);
      expectJsonRefusal(await home.run(["dlq", verb, "--json", ...ids]), {
        exitCode: wanted.exitCode,
        code: wanted.exitCode === 4 ? "job_not_found" : "not_dead",
      });
    }
    expect(await home.json("list")).toEqual(before);
  };
  await refused(["dead-one", "absent"], {
    exitCode: 4,
    says: 'There is no job "absent"',
    remedy: "queuectl list",
  });
  await refused(["dead-one", "alive"], {
    exitCode: 1,
    says: "it is completed, not dead",
    remedy: "queuectl dlq list",
  });
  await refused(["dead-one", "dead-tw"], {
    exitCode: 4,
    says: 'There is no job "dead-tw"',
    remedy: "Did you mean dead-two?",
  });
  await refused(["dead"], {
    exitCode: 4,
    says: 'There is no job "dead"',
    remedy: "Did you mean dead-one or dead-two?",
  });
  await refused(["daed-two"], {
    exitCode: 4,
    says: 'There is no job "daed-two"',
    remedy: "Did you mean dead-two",
  });
  await refused(["@last"], { exitCode: 4, says: 'There is no job "@last"', remedy: "" });
});

test("a job that can run again after its mending completes", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "mended", "--max-retries", "0", "test -e flag");
  await home.drain();
  expect(await home.json("dlq", "list")).toMatchObject([{ id: "mended" }]);
  home.write("flag", "");
  await home.ok("dlq", "retry", "mended");
  await home.drain();
  expect(await home.json("info", "mended")).toMatchObject({ state: "completed", attempts: 0, exit_code: 0 });
  expect(await home.ok("dlq", "list")).toBe("");
});

import { describe, expect, test } from "vitest";
import { concurrencyIn } from "../support/concurrency.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { pendingJob, type ShownJob } from "../support/job-json.ts";
import { type Home, homeForTest } from "../support/queuectl.ts";

async function stateOf(home: Home, id: string): Promise<string> {
  const { state, reason } = await home.json<ShownJob>("info", id);
  return reason === null ? state : `${state} (${reason})`;
}

const QUIET = ["--quiet", "--timeout", "0"];

test("every condition is taken from JSON and from its flag, and what is shown can be enqueued again", async () => {
  const home = homeForTest();
  await home.ok(
    "enqueue",
    '[{"id":"a","command":"true"},{"id":"b","command":"true"},{"id":"c","command":"true"}]',
  );
  const wanted = {
    state: "blocked",
    expires_at: "2099-12-01T03:00:00.000Z",
    key: "host=db1",
    depends_on: ["a", "b"],
    after_any: ["c"],
    after_fail: ["c"],
  };
  const fields = { ...wanted, id: "j", command: "true", key_limit: 3, unique: "u1", unique_return: true };
  const fromJson = await home.json<ShownJob>("enqueue", JSON.stringify(fields));
  expect(fromJson).toEqual(pendingJob({ ...wanted, id: "j", unique: "u1" }));

  const flags = ["--key", "host=db1", "--key-limit", "3", "--unique", "u2", "--expires", "2h"];
  const after = ["--after", "a", "--after", "b", "--after-any", "c", "--after-fail", "c"];
  const fromFlags = await home.json<ShownJob>("enqueue", "--id", "f", ...flags, ...after, "true");
  expect(fromFlags).toEqual(
    pendingJob({
      ...wanted,
      id: "f",
      unique: "u2",
      expires_at: expect.stringMatching(/Z$/) as unknown as string,
    }),
  );
  expect(Date.parse(fromFlags.expires_at ?? "") - Date.parse(fromFlags.created_at)).toBe(7_200_000);
  expect(await home.json("enqueue", "--after", "a,b", "true")).toMatchObject({ depends_on: ["a", "b"] });

  const again = await home.json<ShownJob>(
    "enqueue",
    JSON.stringify({ ...fromJson, id: "again", unique: null }),
  );
  expect(again).toEqual({
    ...fromJson,
    id: "again",
    unique: null,
    created_at: again.created_at,
    updated_at: again.updated_at,
  });
});

describe("expiry:", () => {
  test("a job that was not started in time is dead, and dlq retry runs it after all", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "late", "--expires", "0.001", "true");
    await home.ok("enqueue", "--id", "soon", "--expires", "1h", "true");
    await home.drain();
    expect([await stateOf(home, "late"), await stateOf(home, "soon")]).toEqual([
      "dead (expired)",
      "completed",
    ]);
    expect(await home.json("info", "late")).toMatchObject({
      executions: [],
      error: expect.stringContaining("not started before 2"),
    });
    await home.ok("dlq", "retry", "late");
    await home.drain();
    expect(await stateOf(home, "late")).toBe("completed");
  });
});

describe("a unique job:", () => {
  test("another is refused while it is unfinished, and taken when it is not", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "first", "--unique", "sync", "true");
    expectRefusal(await home.run(["enqueue", "--unique", "sync", "true"]), {
      exitCode: 1,
      says: 'the job "first" of the unique name "sync" is unfinished',
      remedy: "--unique-return",
    });
    await home.drain();
    expect(await home.ok("enqueue", "--id", "second", "--unique", "sync", "true")).toContain("ID: second");
    expectRefusal(await home.run(["retry", "first"]), {
      exitCode: 1,
      says: '"second" of the unique name "sync"',
    });
  });

  test("with --unique-return the unfinished one is the answer, in every form", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "first", "--unique", "sync", "true");
    const again = ["enqueue", "--unique", "sync", "--unique-return", "echo other"];
    expect(await home.run(again)).toMatchObject({
      exitCode: 0,
      stdout: "✅ Job exists already. ID: first\n",
    });
    expect(await home.run([...again, "--quiet"])).toMatchObject({ stdout: "first\n", stderr: "" });
    expect(await home.json(...again)).toMatchObject({ id: "first", command: "true" });

    const other = { command: "true", unique: "sync", unique_return: true };
    const list = [other, { id: "x", command: "true" }, other, other, { id: "y", command: "true" }, other];
    const [said, old] = ["✅ Job enqueued successfully. ID:", "✅ Job exists already. ID: first"];
    expect((await home.ok("enqueue", JSON.stringify(list))).trimEnd().split("\n")).toEqual([
      ...[old, `${said} x`, old, old, `${said} y`, old],
    ]);
    const lines = ["z1", "z2"].map((id) =>
      JSON.stringify({ id, command: "true", unique: "sync", unique_return: true }),
    );
    const streamed = await home.run(["enqueue", "-"], {
      stdin: [...lines, '{"id":"z3","command":"true"}'].join("\n"),
    });
    expect(streamed.stdout).toBe("✅ 1 job enqueued successfully. 2 existed already.\n");
    expect((await home.json<ShownJob[]>("list")).map(({ id }) => id)).toEqual(["first", "x", "y", "z3"]);
  });

  test("of twenty that come at once one is added, and the others are told its id", async () => {
    const home = homeForTest();
    await home.ok("enqueue", ...QUIET, "--id", "opens-the-store", "true");
    const racers = Array.from({ length: 20 }, () =>
      home.run(["enqueue", ...QUIET, "--unique", "one", "--unique-return", "true"]),
    );
    const answers = await Promise.all(racers);
    expect(answers.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      answers.map(() => ({ exitCode: 0, stderr: "" })),
    );
    const unique = (await home.json<ShownJob[]>("list")).filter(({ unique }) => unique === "one");
    expect(unique).toHaveLength(1);
    expect(new Set(answers.map(({ stdout }) => stdout))).toEqual(new Set([`${unique[0]?.id}\n`]));
  });
});

test("jobs of one key never run together beyond its limit, whatever their queues and workers", async () => {
  const home = homeForTest();
  const jobs = Array.from({ length: 12 }, (_, index) => ({
    command: 'echo + >>"$LOG"; sleep 0.05; echo - >>"$LOG"',
    queue: `q${index % 3}`,
    key: "host=db1",
    key_limit: 2,
    env: { LOG: `${home.cwd}/marks` },
  }));
  await home.ok("enqueue", "--quiet", JSON.stringify(jobs));
  await Promise.all([home.drain("--concurrency", "4"), home.drain("--concurrency", "4")]);
  expect(await home.json("status")).toMatchObject({ counts: { completed: 12 } });
  expect(concurrencyIn(`${home.cwd}/marks`)).toEqual({ most: 2, marks: 24 });
});

describe("dependencies:", () => {
  test("a job runs when those before it have ended as it wants, and info says what it waits for", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--quiet", "--id", "good", "true");
    await home.ok("enqueue", "--quiet", "--id", "bad", "--max-retries", "0", "false");
    const blocked = await home.run([
      "enqueue",
      "--timeout",
      "0",
      "--id",
      "both",
      "--after-any",
      "good,bad",
      "true",
    ]);
    expect(blocked.stderr).toMatch(/^It waits for other jobs: queuectl info both\n/);
    await home.ok("enqueue", "--quiet", "--id", "mourner", "--after-fail", "bad", "true");
    await home.ok("enqueue", "--quiet", "--id", "last", "--after", "good,mourner", "true");
    const info = await home.ok("info", "both");
    expect(info).toMatch(/^After any *: good, bad$/m);
    expect(info).toMatch(/^Waits for *: good \(pending\), bad \(pending\)$/m);
    await home.drain();
    const states = await Promise.all(["both", "mourner", "last"].map((id) => stateOf(home, id)));
    expect(states).toEqual(["completed", "completed", "completed"]);
    expect(await home.ok("info", "both")).not.toContain("Waits for");
  });

  test("what can never run is dead, or not needed, with all that waits for it; retry of the first revives it", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--quiet", "--id", "first", "--max-retries", "0", "test -e done");
    await home.ok("enqueue", "--quiet", "--id", "second", "--after", "first", "true");
    await home.ok("enqueue", "--quiet", "--id", "third", "--after", "second", "true");
    await home.drain();
    expect([await stateOf(home, "second"), await stateOf(home, "third")]).toEqual([
      "dead (dependency)",
      "dead (dependency)",
    ]);
    expect(await home.json("info", "second")).toMatchObject({
      error: 'job "first", which it waited for, is dead',
    });
    expectRefusal(await home.run(["dlq", "retry", "third"]), {
      exitCode: 1,
      says: 'Cannot retry the job "third": the job "second", which it waits for, is dead',
      remedy: "queuectl retry second",
    });
    home.write("done", "");
    await home.ok("dlq", "retry", "first");
    await home.drain();
    expect([await stateOf(home, "second"), await stateOf(home, "third")]).toEqual(["completed", "completed"]);
  });

  test("an id that nobody has is refused with the one that was meant, of a flow by its name, too", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--id", "fetch", "true");
    home.write("b.yaml", "{ name: build, steps: { one: { run: 'true' } } }");
    const flow = (await home.ok("flow", "run", "b.yaml", "--quiet")).trim();
    const after = (on: string) => home.run(["enqueue", "--after", on, "true"]);
    const says = (on: string) => `The job cannot wait for "${on}"`;
    expectRefusal(await after("fecth"), { exitCode: 1, says: says("fecth"), remedy: "Did you mean fetch?" });
    expectRefusal(await after("build"), {
      exitCode: 1,
      says: says("build"),
      remedy: `Did you mean ${flow}?`,
    });
    expectRefusal(await after("nothing"), { exitCode: 1, says: says("nothing"), remedy: "queuectl list" });
    for (const [verb, id] of [
      [["cancel"], "takes whole ids only. The last job: "],
      [["flow", "retry"], `takes whole ids only. The last flow: ${flow}`],
    ] as const)
      expectRefusal(await home.run([...verb, "@last"]), {
        exitCode: 4,
        says: /There is no (job|flow) "@last"/,
        remedy: id,
      });
  });

  test("a job that can never run when it is enqueued is told so, and enqueued all the same", async () => {
    const home = homeForTest();
    await home.ok("enqueue", "--quiet", "--id", "good", "true");
    await home.ok("enqueue", "--quiet", "--id", "bad", "--max-retries", "0", "false");
    await home.drain();
    expect(await home.run(["enqueue", "--id", "d", "--after", "bad", "true"])).toMatchObject({
      exitCode: 0,
      stdout: 'Job enqueued, but dead at once: job "bad", which it waited for, is dead. ID: d\n',
      stderr: "What helps: queuectl explain d\n",
    });
    expect(await home.run(["enqueue", "--id", "n", "--after-fail", "good", "true"])).toMatchObject({
      exitCode: 0,
      stdout: 'Job enqueued, but cancelled at once: not needed: job "good" completed. ID: n\n',
      stderr: "",
    });
    const list = await home.run(["enqueue", '[{"command":"true"},{"command":"true","depends_on":["bad"]}]']);
    expect(list.stderr).toMatch(/^Some of them will not run: queuectl list --state dead\n/);
    const array = await home.run([
      "enqueue",
      "--array",
      "1-2",
      "--timeout",
      "0",
      "--after",
      "d",
      "--delay",
      "1h",
      "true",
    ]);
    expect(array.stderr).toMatch(/^Some of them will not run/);
    const waiting = await home.run([
      "enqueue",
      '[{"id":"w","command":"true"},{"command":"true","depends_on":["w"]}]',
    ]);
    expect(waiting.stderr).toMatch(/^Some of them wait for other jobs: queuectl list --state blocked\n/);
    expect([await stateOf(home, "d"), await stateOf(home, "n")]).toEqual(["dead (dependency)", "cancelled"]);
  });
});

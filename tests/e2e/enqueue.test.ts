import { expect, test } from "vitest";
import { pendingJob, type ShownJob } from "../support/job-json.ts";
import { homeForTest } from "../support/queuectl.ts";

const NEW_ID = /^[0-9a-hjkmnp-tv-z]{10}$/;

test("a JSON object, a JSON array and a shell command are enqueued, and their ids said", async () => {
  const home = homeForTest();

  const one = await home.run(["enqueue", '{"id":"job1","command":"echo \'Hello World\'"}']);
  expect(one).toMatchObject({ exitCode: 0, stdout: "✅ Job enqueued successfully. ID: job1\n" });

  const several = await home.ok("enqueue", ' [{"id":"a1","command":"a"},{"id":"a2","command":"b"}]');
  expect(several).toBe("✅ Job enqueued successfully. ID: a1\n✅ Job enqueued successfully. ID: a2\n");

  const [, text] = /ID: (\S+)\n$/.exec(await home.ok("enqueue", "echo hello")) ?? [];
  expect(text).toMatch(NEW_ID);
  expect(await home.ok("enqueue", "--command", "{ echo grouped; }", "--id", "text1")).toContain("ID: text1");
  expect(await home.ok("enqueue", "--command=[ -e / ]", "--quiet", "--id", "text2")).toBe("text2\n");

  expect((await home.json<ShownJob[]>("list")).map(({ id, command }) => [id, command])).toEqual([
    ["job1", "echo 'Hello World'"],
    ["a1", "a"],
    ["a2", "b"],
    [text, "echo hello"],
    ["text1", "{ echo grouped; }"],
    ["text2", "[ -e / ]"],
  ]);
});

test("words after -- are kept exactly, shown quoted, and run without a shell", async () => {
  const home = homeForTest();
  const argv = ["printf", "%s|", "two words", "", "$HOME", "it's", "--json", "é\n*"];
  const { stdout } = await home.run(["enqueue", "--json", "--id", "exact", "--", ...argv]);
  expect(JSON.parse(stdout)).toEqual(
    pendingJob({
      id: "exact",
      argv,
      command: `printf '%s|' 'two words' '' '$HOME' 'it'\\''s' --json 'é\n*'`,
    }),
  );

  await home.drain();
  expect(await home.ok("logs", "exact")).toBe("two words||$HOME|it's|--json|é\n*|");
});

test("what the job of the documents shows can be enqueued as it stands, and as it is shown", async () => {
  const home = homeForTest();
  const documented = {
    id: "job1",
    command: "echo 'Hello World'",
    state: "pending",
    attempts: 0,
    max_retries: 3,
    created_at: "2025-11-04T10:30:00Z",
    updated_at: "2025-11-04T10:30:00Z",
  };
  const shown = await home.json<ShownJob>("enqueue", JSON.stringify(documented));
  expect(shown).toEqual(pendingJob({ id: "job1", command: "echo 'Hello World'", cwd: home.cwd }));

  const again = await home.json<ShownJob>("enqueue", JSON.stringify({ ...shown, id: "job2" }));
  expect(again).toEqual({ ...shown, id: "job2", created_at: again.created_at, updated_at: again.updated_at });
});

test("every field is taken from JSON, and every flag sets its field", async () => {
  const home = homeForTest();
  const fields = {
    command: "true",
    max_retries: 0,
    timeout: "2m",
    backoff_base: 1.5,
    priority: -7,
    run_at: "2099-01-02T03:04:05+02:00",
    queue: "media",
    tags: ["nightly", "nightly", "a b"],
    env: { A: "1" },
    cwd: "below",
    stdin: "read me",
  };
  const wanted = {
    max_retries: 0,
    timeout: 120,
    backoff_base: 1.5,
    priority: -7,
    run_at: "2099-01-02T01:04:05.000Z",
    queue: "media",
    tags: ["nightly", "a b"],
    cwd: `${home.cwd}/below`,
  };
  const fromJson = await home.json("enqueue", JSON.stringify({ ...fields, id: "from-json" }));
  expect(fromJson).toEqual(pendingJob({ ...wanted, id: "from-json" }));

  const flags = ["--max-retries", "0", "--timeout", "2m", "--backoff-base", "1.5", "--priority", "-7"];
  const more = ["--run-at", fields.run_at, "--queue", "media", "--tag", "nightly", "--tag", "a b"];
  const rest = [
    "--env",
    "A=1",
    "--env",
    "B=x=y",
    "--cwd",
    "below",
    "--stdin",
    "read me",
    "--id",
    "from-flags",
  ];
  const fromFlags = await home.json("enqueue", ...flags, ...more, ...rest, "true");
  expect(fromFlags).toEqual(pendingJob({ ...wanted, id: "from-flags" }));

  expect(await home.json("info", "from-json")).toMatchObject({ env: { A: "1" } });
  expect(await home.json("info", "from-flags")).toMatchObject({ env: { A: "1", B: "x=y" } });
});

test("aliases, other units and flags over JSON fields mean what they say", async () => {
  const home = homeForTest();
  expect(await home.json("enqueue", '{"command":"a","timeout_seconds":1.5}')).toMatchObject({ timeout: 1.5 });
  expect(await home.json("enqueue", "--timeout-seconds", "90", "a")).toMatchObject({ timeout: 90 });
  expect(await home.json("enqueue", '{"command":"a","timeout":0}')).toMatchObject({ timeout: 0 });
  expect(await home.json("enqueue", '{"command":"a","priority":1}', "--priority", "9")).toMatchObject({
    priority: 9,
  });
  const all = await home.json<ShownJob[]>("enqueue", '[{"command":"a"},{"command":"b"}]', "--queue", "q");
  expect(all).toEqual([pendingJob({ command: "a", queue: "q" }), pendingJob({ command: "b", queue: "q" })]);

  const delayed = await home.json<ShownJob>("enqueue", "--delay", "1d", "a");
  expect(Date.parse(delayed.run_at ?? "") - Date.parse(delayed.created_at)).toBe(86_400_000);
  const local = await home.json("enqueue", "--run-at", "2099-12-01 03:00 Europe/Rome", "a");
  expect(local).toMatchObject({ run_at: "2099-12-01T02:00:00.000Z" });
  const zoned = await home.json("enqueue", "--run-at", "2099-12-01T03:00:00Z", "a");
  expect(zoned).toMatchObject({ run_at: "2099-12-01T03:00:00.000Z", next_run_at: null });
});

test("a job reads its stdin, sees its variables, and runs where it was enqueued or told to", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "in", "--stdin", "one\ntwo", "cat");
  await home.ok("enqueue", "--id", "none", "cat; echo end");
  await home.ok(
    "enqueue",
    "--id",
    "env",
    "--env",
    "NAME=va l",
    'printf "%s " "$NAME" "$QUEUECTL_JOB_ID" "$QUEUECTL_ATTEMPT"',
  );
  await home.ok("enqueue", "--id", "here", "pwd");
  await home.ok("enqueue", "--id", "there", "--cwd", "..", "--", "pwd");
  await home.drain();
  expect(await home.ok("logs", "in")).toBe("one\ntwo");
  expect(await home.ok("logs", "none")).toBe("end\n");
  expect(await home.ok("logs", "env")).toBe("va l env 1 ");
  expect(await home.ok("logs", "here")).toBe(`${home.cwd}\n`);
  expect(await home.ok("logs", "there")).toBe(`${home.root}\n`);
});

test("max-retries is copied into the job when it is enqueued; a later setting is for later jobs", async () => {
  const home = homeForTest();
  await home.ok("config", "set", "max-retries", "7");
  expect(await home.json("enqueue", "--id", "early", "a")).toMatchObject({ max_retries: 7 });
  await home.ok("config", "set", "max-retries", "1");
  expect(await home.json("info", "early")).toMatchObject({ max_retries: 7 });
  const { stdout } = await home.run(["enqueue", "--json", "a"], {
    env: { QUEUECTL_CONFIG_MAX_RETRIES: "5" },
  });
  expect(JSON.parse(stdout)).toMatchObject({ max_retries: 5 });
});

test("the hints on stderr say how to start a worker and which timeout is inherited, when that is so", async () => {
  const home = homeForTest();
  const start = "No worker is running. Start one: queuectl worker start\n";
  const inherited = "It may run for 5 min (setting job-timeout); --timeout changes that.\n";
  expect((await home.run(["enqueue", "a"])).stderr).toBe(inherited + start);
  expect((await home.run(["enqueue", "--timeout", "0", "a"])).stderr).toBe(start);
  expect((await home.run(["enqueue", "--quiet", "a"])).stderr).toBe("");
  await home.ok("config", "set", "job-timeout", "0");
  expect((await home.run(["enqueue", "a"])).stderr).toBe(start);

  await home.startWorker(["--queue", "another"]);
  expect((await home.run(["enqueue", "a"])).stderr).toBe(
    "No running worker serves the queue default. Start one: queuectl worker start --queue default\n",
  );
  expect((await home.run(["enqueue", "--queue", "another", "a"])).stderr).toBe("");
});

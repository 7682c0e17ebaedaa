import { describe, expect, test } from "vitest";
import { openStore } from "../../src/store/open-store.ts";
import { buildResult, buildWorker } from "../support/build-job.ts";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { INSTANT, pendingJob, type ShownExecution, type ShownJob } from "../support/job-json.ts";
import { findMismatches } from "../support/match-shape.ts";
import { homeForFile, homeForTest, until } from "../support/queuectl.ts";

type ShownInfo = ShownJob & { env: Record<string, string>; executions: ShownExecution[] };

test("everything about a job is shown, execution by execution, and alike by info and show", async () => {
  const home = homeForTest();
  const fields = {
    id: "job1",
    command: 'echo "out $QUEUECTL_ATTEMPT"; echo err >&2; exit 3',
    max_retries: 1,
  };
  await home.ok("enqueue", JSON.stringify({ ...fields, backoff_base: 0.01, timeout: 60, tags: ["a", "b"] }));
  await home.drain();

  const info = await home.json<ShownInfo>("info", "job1");
  const execution = (number: number): ShownExecution => ({
    number,
    worker: expect.stringMatching(/^w-/),
    started_at: expect.stringMatching(INSTANT),
    finished_at: expect.stringMatching(INSTANT),
    duration: expect.any(Number),
    outcome: "failed",
    exit_code: 3,
    signal: null,
    error: "exit code 3",
    late_outcome: null,
    late_at: null,
    cpu_seconds: expect.toBeOneOf([null, expect.any(Number)]),
    max_rss_kb: expect.toBeOneOf([null, expect.any(Number)]),
    stdout_tail: `out ${number}\n`,
    stderr_tail: "err\n",
    output_pruned: false,
  });
  const ended = { state: "dead", attempts: 2, exit_code: 3, error: "exit code 3", reason: "retries_spent" };
  const given = { ...fields, backoff_base: 0.01, timeout: 60, tags: ["a", "b"], cwd: home.cwd };
  const executions = [execution(1), execution(2)];
  expect(info).toEqual({
    ...pendingJob({ ...given, ...ended }),
    suspicion: null,
    key_limit: null,
    env: {},
    executions,
  });
  expect(await home.json("show", "job1")).toEqual(info);

  const text = await home.ok("info", "job1");
  expect(await home.ok("show", "job1")).toBe(text);
  const facts = Object.fromEntries([...text.matchAll(/^(\S[\w ]*?) +: (.*)$/gm)].map(([, k, v]) => [k, v]));
  expect(facts).toEqual({
    Id: "job1",
    Command: fields.command,
    State: "dead (retries_spent)",
    Attempts: "2/2 (failed of allowed executions)",
    Queue: "default",
    Tags: "a, b",
    Directory: home.cwd,
    Timeout: "1 min",
    "Backoff base": "0.01",
    Created: info.created_at,
    Updated: info.updated_at,
    "Exit code": "3",
    Error: "exit code 3",
  });
  expect(text).toMatch(
    /\n\nExecution 2: failed: exit code 3\n {2}started \S+Z, took [\d.]+ \w+(, [^\n]+)?, by w-\w+\n {2}stdout: out 2\n {2}stderr: err\n$/,
  );
});

test("a job that waits for its retry shows when; one that has not run, no execution", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "later", "--backoff-base", "100", "kill -9 $$");
  const worker = await home.startWorker();
  await worker.printed("Job later failed");
  await home.ok("worker", "stop");
  const info = await home.json<ShownInfo>("info", "later");
  expect(info).toMatchObject({ state: "failed", attempts: 1, exit_code: null });
  expect(info.executions).toMatchObject([{ outcome: "signalled", signal: "SIGKILL", exit_code: null }]);
  const [execution] = info.executions;
  const wait = Date.parse(info.next_run_at ?? "") - Date.parse(execution?.finished_at ?? "");
  expect(wait).toBe(100_000);
  expect(await home.ok("info", "later")).toMatch(new RegExp(`^Next retry +: ${info.next_run_at}$`, "m"));

  await home.ok("enqueue", "--id", "fresh", "true");
  expect(await home.json("info", "fresh")).toEqual({
    ...pendingJob({ id: "fresh" }),
    suspicion: null,
    key_limit: null,
    env: {},
    executions: [],
  });
});

test("a running job names its worker, and its execution has no end yet", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "runs", "sleep 300");
  const worker = await home.startWorker();
  await worker.printed("Claimed job runs");
  const info = await home.json<ShownInfo>("info", "runs");
  expect(info).toMatchObject({ state: "processing", worker: expect.stringMatching(/^w-/) });
  expect(info.executions).toMatchObject([
    { number: 1, worker: info.worker, finished_at: null, duration: null, outcome: null, exit_code: null },
  ]);
  expect(await home.ok("info", "runs")).toContain("Execution 1: running\n");
});

test("a running job shows what it has printed so far", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "runs", "echo first; echo so far; echo why >&2; sleep 300");
  await home.startWorker();
  const execution = await until(async () => {
    const [running] = (await home.json<ShownInfo>("info", "runs")).executions;
    return running?.stderr_tail !== "" && running;
  }, "the output to be seen");
  expect(execution).toMatchObject({
    finished_at: null,
    outcome: null,
    stdout_tail: "first\nso far\n",
    stderr_tail: "why\n",
  });
  expect(await home.ok("info", "runs")).toMatch(
    /\nExecution 1: running\n {2}started .*\n {2}stdout: first\n {2}stdout: so far\n {2}stderr: why\n$/,
  );
});

describe("by which names", () => {
  const home = homeForFile();

  test("an exact id wins, a unique prefix of four characters and @last work where nothing changes", async () => {
    const jobs = ["abcd", "abcdef", "abcdxyz", "zzz1", "q:1.a_b-c"].map((id) => ({
      id,
      command: `true ${id}`,
    }));
    await home.ok("enqueue", JSON.stringify(jobs));
    const found = async (reference: string) => (await home.json<ShownJob>("info", reference)).id;
    expect(await found("abcd")).toBe("abcd");
    expect(await found("abcde")).toBe("abcdef");
    expect(await found("zzz1")).toBe("zzz1");
    expect(await found("q:1.")).toBe("q:1.a_b-c");
    expect(await found("@last")).toBe("q:1.a_b-c");
    expect((await home.run(["logs", "abcde"])).stderr).toContain('The job "abcdef" has not run yet');
  });

  test("a prefix of several is refused with its candidates, one of none or too short as unknown", async () => {
    await home.ok("enqueue", "--id", "abcxx", "true");
    await home.ok("enqueue", "--id", "abcxy", "true");
    for (const verb of ["info", "logs"]) {
      expectRefusal(await home.run([verb, "abcx"]), {
        exitCode: 1,
        says: 'The id "abcx" is ambiguous',
        remedy: "It could be abcxx, abcxy.",
      });
      expectRefusal(await home.run([verb, "zzz"]), {
        exitCode: 4,
        says: 'There is no job "zzz"',
        remedy: "Did you mean zzz1?",
      });
      expectRefusal(await home.run([verb, "abdcef"]), {
        exitCode: 4,
        says: 'There is no job "abdcef"',
        remedy: "Did you mean abcdef?",
      });
      expectRefusal(await home.run([verb, "nobody"]), {
        exitCode: 4,
        says: 'There is no job "nobody"',
        remedy: "queuectl list",
      });
      expectRefusal(await home.run([verb, "nothing-like-it"]), { exitCode: 4, says: "There is no job" });
    }
    const ambiguous = { exitCode: 1, code: "ambiguous_id" };
    expectJsonRefusal(await home.run(["info", "abcx", "--json"]), ambiguous);
    expectJsonRefusal(await home.run(["info", "zzz", "--json"]), { exitCode: 4, code: "job_not_found" });
  });

  test("of very many candidates some are named", async () => {
    const jobs = Array.from({ length: 30 }, (_, index) => ({ id: `many${index}`, command: "true" }));
    await home.ok("enqueue", JSON.stringify(jobs));
    const { stderr } = await home.run(["info", "many"]);
    expect(stderr.match(/many\d+/g)?.length).toBe(10);
    expect(stderr).toContain(" and more.");
  });

  test("wildcards and quotes of other languages are plain characters", async () => {
    for (const reference of ["abc%", "abc_", "abc*", "' OR 1=1 --", ""])
      expectRefusal(await home.run(["info", reference]), { exitCode: 4, says: "There is no job" });
  });
});

test("values of secret-looking variables are masked in text and JSON, and given to the job", async () => {
  const home = homeForTest();
  const secrets = ["API_TOKEN=t0psecret", "DB_PASSWORD=t0psecret", "URL=postgres://me:t0psecret@host/db"];
  const env = [...secrets, "PLAIN=shown"].flatMap((each) => ["--env", each]);
  await home.ok("enqueue", "--id", "secret", ...env, 'test "$API_TOKEN" = t0p""secret');
  await home.drain();
  const text = await home.ok("info", "secret");
  expect(text).toContain(
    "Environment : API_TOKEN=******** DB_PASSWORD=******** URL=postgres://me:********@host/db PLAIN=shown\n",
  );
  const info = await home.json<ShownInfo>("info", "secret");
  expect(info.state).toBe("completed");
  expect(info.env).toEqual({
    API_TOKEN: "********",
    DB_PASSWORD: "********",
    URL: "postgres://me:********@host/db",
    PLAIN: "shown",
  });
  for (const args of [
    ["list", "--json"],
    ["list"],
    ["enqueue", "--json", "--env", "A_KEY=t0psecret", "true"],
  ])
    expect(await home.ok(...args)).not.toContain("t0psecret");
});

test("hostile commands, tags, directories and output are made visible, in a pipe and on a terminal", async () => {
  const home = homeForTest();
  const nasty = "\u001b]0;t\u0007\u202e\n";
  const job = {
    id: "hostile",
    command: `printf '%s' '\u001b[31mred ${nasty}'`,
    tags: [nasty],
    env: { X: nasty },
  };
  await home.ok("enqueue", JSON.stringify(job));
  await home.drain();
  const shown = "\\e]0;t\\x07\\u202e";
  const piped = await home.ok("info", "hostile");
  const { stdout } = await home.terminal(["info", "hostile", "--no-color"], { columns: 200 });
  for (const text of [piped, stdout]) {
    expect(text).toContain(`Command     : printf '%s' '\\e[31mred ${shown}\\n'\n`);
    expect(text).toContain(`Tags        : ${shown}\\n\n`);
    expect(text).toContain(`Environment : X=${shown}\\n\n`);
    expect(text).toContain(`  stdout: red ${shown}\n`);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  }
  expect(stdout).toMatch(/Created +: \S+Z \((\d+s ago|now)\)\n/);
  expect(await home.json("info", "hostile")).toMatchObject({ command: job.command, tags: job.tags });
});

test("a result that came after its claim was lost is shown with its execution, and counts for nothing", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "a", "true");
  const store = await openStore(home.db);
  const lateAt = Date.now();
  try {
    await store.registerWorker(buildWorker("slow"), lateAt);
    const request = { worker: "slow", limit: 1, queues: null, now: lateAt, outputLimitBytes: 1_024 };
    const [claim] = (await store.claim(request)).claims;
    await store.declareDead("slow", 0);
    await store.recoverJobs("slow", { now: lateAt, crashLimit: 3 });
    if (claim) await store.finish("slow", [buildResult(claim, lateAt)]);
  } finally {
    await store.close();
  }
  expect(await home.json("info", "a")).toMatchObject({
    state: "pending",
    executions: [{ outcome: "lost", late_outcome: "succeeded", late_at: new Date(lateAt).toISOString() }],
  });
  const late = `ended late, and not counted: succeeded ${new Date(lateAt).toISOString()}`;
  expect(await home.ok("info", "a")).toContain(`Execution 1: lost: its worker died\n`);
  expect(await home.ok("info", "a")).toContain(late);
});

test("info tells the limit of a job's key, which is what was given last with any job of the key", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "a", "--key", "host=db1", "true");
  expect(await home.ok("info", "a")).toMatch(/^Key +: host=db1 \(at most 1 at once\)$/m);
  await home.ok("enqueue", "--id", "b", "--key", "host=db1", "--key-limit", "3", "true");
  expect(await home.ok("info", "a")).toMatch(/^Key +: host=db1 \(at most 3 at once\)$/m);
  const info = await home.json("info", "a");
  expect(info).toMatchObject({ key: "host=db1", key_limit: 3 });
  expect(findMismatches(info, "job with history")).toEqual([]);
});

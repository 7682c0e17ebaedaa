import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { FiringJson, ScheduleJson } from "../../src/queue/schedule-json.ts";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";
import { jobWhen, readJob, startBackground } from "../support/worker-home.ts";

/** Nothing that happens within a test is due to a poll. */
const NEVER_POLLS = ["--poll-interval", "1h"];
const MINUTE = 60_000;

async function add(home: Home, ...words: string[]): Promise<ScheduleJson> {
  return JSON.parse(await home.ok("schedule", "add", "--json", ...words)) as ScheduleJson;
}

async function history(home: Home, name: string): Promise<FiringJson[]> {
  return await home.json<FiringJson[]>("schedule", "history", name);
}

/** The firings of an outcome, once there are so many. */
async function firings(home: Home, name: string, outcome: string, count = 1): Promise<FiringJson[]> {
  return await until(async () => {
    const found = (await history(home, name)).filter((firing) => firing.outcome === outcome);
    return found.length >= count && found;
  }, `${name} to have ${count} ${outcome}`);
}

/** Jobs of schedules as another version, or a hand, may have left them. */
const BROKEN: readonly [what: string, job: string, fault: RegExp, shown: object][] = [
  [
    "a field that this version does not know",
    '{"command":"true","colour":"red","max_retries":2}',
    /^Unknown job field "colour"$/,
    { command: "true", max_retries: 2 },
  ],
  [
    "a value of the wrong kind",
    '{"command":"true","priority":"high","queue":"q","tags":["a",1],"env":{"A":"b","N":8}}',
    /"priority" must be/,
    { queue: "q", priority: 0, tags: ["a"], env: { A: "b" } },
  ],
  ["nothing to run", "{}", /needs a "command"/, { command: "" }],
];

test.each(BROKEN)(
  "a schedule with %s is shown as broken, and hides no other",
  async (_, job, fault, shown) => {
    const home = homeForTest();
    await home.ok("schedule", "add", "good", "@daily", "true");
    await home.ok("schedule", "add", "bad", "@daily", "true");
    byHand(home.db, (database) =>
      database.prepare("UPDATE schedules SET job = ? WHERE name = 'bad'").run(job),
    );
    const [bad, good] = await home.json<ScheduleJson[]>("schedule", "list");
    expect(bad).toMatchObject({
      name: "bad",
      fault: expect.stringMatching(fault),
      max_retries: null,
      ...shown,
    });
    expect(good).toMatchObject({ name: "good", command: "true", fault: null });
    const lines = (await home.ok("schedule", "list")).split("\n");
    expect(lines[0]).toMatch(/^bad\t.*\t\(broken\) /);
    expect(lines[1]).toMatch(/^good\t.*\ttrue$/);
    expect(await home.ok("schedule", "show", "bad")).toMatch(/^Broken +: .*\. Put another in its place: /m);
  },
);

describe("schedule add", () => {
  test("says when it runs next, on the clock that counts", async () => {
    const home = homeForTest();
    const line = ["schedule", "add", "nightly", "0 3 * * *", "--tz", "Europe/Rome", "--", "./backup.sh"];
    const { stdout, stderr } = await home.run(line);
    expect(stdout).toMatch(
      /^✅ Schedule nightly added\. Its next run: \d{4}-\d\d-\d\d 03:00:00 Europe\/Rome\.\n$/,
    );
    expect(stderr).toBe(
      "Each may run for 5 min (setting job-timeout); --timeout changes that.\nNo worker is running. Start one: queuectl worker start\n",
    );
  });

  test("keeps the zone of the machine when none is given", async () => {
    const home = homeForTest();
    const line = ["schedule", "add", "nightly", "0 3 * * *", "true", "--json"];
    const { stdout } = await home.run(line, { env: { TZ: "Asia/Tokyo" } });
    expect(JSON.parse(stdout)).toMatchObject({
      time_zone: "Asia/Tokyo",
      next_at: expect.stringMatching(/T18:00:00/),
    });
    expect(await home.json("schedule", "next", "nightly")).toEqual([
      expect.stringMatching(/T18:00:00\.000Z$/),
    ]);
  });

  test("refuses a zone of the machine that has no name, and leaves no store behind", async () => {
    const home = homeForTest();
    const refused = await home.run(["schedule", "add", "nightly", "0 3 * * *", "true"], {
      env: { TZ: "EST5EDT4,M3.2.0,M11.1.0" },
    });
    expectRefusal(refused, {
      exitCode: 1,
      says: 'TZ is "EST5EDT4,M3.2.0,M11.1.0", which is not the name of a time zone',
      remedy: "--tz Europe/Rome",
    });
    expect(existsSync(home.db)).toBe(false);
  });

  test("keeps a zone as it is written", async () => {
    expect(await add(homeForTest(), "a", "@daily", "--tz", "europe/rome", "true")).toMatchObject({
      time_zone: "Europe/Rome",
    });
  });

  test("takes what `enqueue` takes of a job, and shows it with its secrets masked", async () => {
    const home = homeForTest();
    const flags = [
      "--queue",
      "media",
      "--priority",
      "5",
      "--timeout",
      "90",
      "--max-retries",
      "7",
      "--tag",
      "a",
    ];
    const more = ["--env", "API_TOKEN=x", "--env", "LANG=C", "--cwd", "sub", "--stdin", "text"];
    const schedule = await add(home, "nightly", "@daily", ...flags, ...more, "--", "echo", "two words");
    expect(schedule).toMatchObject({
      pattern: "@daily",
      time_zone: "UTC",
      overlap: "skip",
      catch_up: "one",
      paused: false,
      last: null,
      command: "echo 'two words'",
      argv: ["echo", "two words"],
      queue: "media",
      priority: 5,
      timeout: 90,
      max_retries: 7,
      tags: ["a"],
      env: { API_TOKEN: "********", LANG: "C" },
      cwd: join(home.cwd, "sub"),
    });
    const job = await home.json<{ id: string }>("schedule", "run", "nightly");
    const shown = {
      queue: "media",
      priority: 5,
      timeout: 90,
      max_retries: 7,
      tags: ["a"],
      cwd: join(home.cwd, "sub"),
    };
    expect(job).toMatchObject({
      ...shown,
      state: "pending",
      id: expect.stringMatching(/^nightly:\d{8}T\d{6}\.\d{3}Z$/),
    });
  });

  test("lets the setting decide how often a run is retried, as it is then", async () => {
    const home = homeForTest();
    expect(await add(home, "nightly", "@daily", "true")).toMatchObject({ max_retries: null });
    await home.ok("config", "set", "max-retries", "9");
    expect(await home.json("schedule", "run", "nightly")).toMatchObject({ max_retries: 9 });
  });

  test("queues what it catches up when that is all, unless told otherwise", async () => {
    const home = homeForTest();
    expect(await add(home, "a", "@daily", "--catch-up", "all", "true")).toMatchObject({ overlap: "queue" });
    const skipping = await add(home, "b", "@daily", "--catch-up", "all", "--overlap", "skip", "true");
    expect(skipping).toMatchObject({ overlap: "skip" });
  });

  test("refuses a second one of its name, and replaces it when asked", async () => {
    const home = homeForTest();
    await home.ok("schedule", "add", "nightly", "@daily", "true");
    expectRefusal(await home.run(["schedule", "add", "nightly", "@hourly", "false"]), {
      exitCode: 1,
      says: 'There is a schedule "nightly" already',
      remedy: "--replace",
    });
    expect(await add(home, "nightly", "@hourly", "--replace", "false")).toMatchObject({ command: "false" });
    expect(await home.json("schedule", "list")).toMatchObject([{ pattern: "@hourly", command: "false" }]);
  });

  test("says that it was replaced, and what went back to its default", async () => {
    const home = homeForTest();
    const given = ["--overlap", "replace", "--catch-up", "none", "--queue", "media", "--tag", "a"];
    await home.ok("schedule", "add", "nightly", "@daily", ...given, "true");
    const line = ["schedule", "add", "nightly", "@hourly", "--replace", "--catch-up", "one", "true"];
    const { stdout, stderr } = await home.run(line);
    expect(stdout).toMatch(/^✅ Schedule nightly replaced\. Its next run: /);
    expect(stderr).toContain(
      "Not given, and back to the default: --overlap skip (it was replace), --queue default (it was media), --tag none (it was a).\n",
    );
    expect((await home.run(line)).stderr).not.toContain("default");
  });

  test("says of what went back to a setting what that is, and of where and with what it ran", async () => {
    const home = homeForTest();
    await home.ok("config", "set", "max-retries", "9");
    const given = ["--timeout", "2h", "--max-retries", "1", "--backoff-base", "7", "--expires", "90s"];
    const more = ["--cwd", "sub", "--stdin", "some text", "--env", "TOKEN=x", "--tz", "Europe/Rome"];
    await home.ok("schedule", "add", "a", "@daily", ...given, ...more, "true");
    const { stderr } = await home.run(["schedule", "add", "a", "@daily", "--replace", "true"]);
    expect(stderr).toContain(
      "Not given, and back to the default: --tz UTC (it was Europe/Rome), --timeout 5 min by the setting job-timeout (it was 2 h), " +
        "--max-retries 9 by the setting max-retries (it was 1), --backoff-base 2 by the setting backoff-base (it was 7), " +
        `--expires none (it was 1 min 30 s), --env none (it was TOKEN), --cwd ${home.cwd} (it was ${join(home.cwd, "sub")}), ` +
        "--stdin none (it was of 9 B).\n",
    );
  });

  test("shows how a schedule is written when its command is missing", async () => {
    const refused = await homeForTest().run(["schedule", "add", "a", "@daily", "--"]);
    expectRefusal(refused, {
      exitCode: 1,
      says: "no command after --",
      remedy: "queuectl schedule add nightly",
    });
  });

  test("shows its own verb where its job cannot be read", async () => {
    const refused = await homeForTest().run(["schedule", "add", "a", "@daily", '{"command":']);
    expectRefusal(refused, {
      exitCode: 1,
      says: "not valid JSON",
      remedy: "queuectl schedule add NAME PATTERN --command '…'",
    });
  });

  test.each<[what: string, words: string[], says: string | RegExp]>([
    ["a field out of range", ["a", "61 * * * *", "true"], 'its minute is "61"'],
    ["too few fields", ["a", "* * * *", "true"], "and it has 4"],
    ["a name that no time has", ["a", "@every 5m", "true"], '"@every 5m": no time has this name'],
    ["a day that never is", ["a", "0 0 30 2 *", "true"], "never fires"],
    ["an unknown zone", ["a", "@daily", "--tz", "Mars/Base", "true"], 'no time zone "Mars/Base"'],
    ["a pattern without quotes", ["a", "*", "*", "*", "*", "*", "--", "true"], "6 separate words"],
    ["no command", ["a", "@daily"], "has nothing to run"],
    ["no pattern", ["a"], "needs a name and a pattern"],
    ["a list of jobs", ["a", "@daily", '[{"command":"true"}]'], "not a list"],
    ["a job with an id", ["a", "@daily", '{"command":"true","id":"x"}'], 'no "id" of its own'],
    [
      "an end that is the same for all runs",
      ["a", "@daily", '{"command":"true","expires_at":"2099-01-01T00:00:00Z"}'],
      'cannot have "expires_at"',
    ],
    [
      "a job that waits",
      ["a", "@daily", '{"command":"true","depends_on":["x"]}'],
      'cannot have "depends_on"',
    ],
    ["after_any", ["a", "@daily", '{"command":"true","after_any":["x"]}'], 'cannot have "after_any"'],
    ["after_fail", ["a", "@daily", '{"command":"true","after_fail":["x"]}'], 'cannot have "after_fail"'],
    ["a wrong field", ["a", "@daily", "--priority", "x", "true"], "--priority"],
    [
      "a wrong policy",
      ["a", "@daily", "--overlap", "never", "true"],
      /--overlap must be one of .*, not "never"/,
    ],
    ["a delay", ["a", "@daily", "--delay", "5m", "true"], "has no option --delay"],
    ["a name that makes no id", ["a b", "@daily", "true"], 'cannot be called "a b"'],
    ["a name that is too long", ["a".repeat(101), "@daily", "true"], "cannot be called"],
  ])("refuses %s, and leaves no store behind", async (_, words, says) => {
    const home = homeForTest();
    expectRefusal(await home.run(["schedule", "add", ...words]), { exitCode: 1, says });
    expect(existsSync(home.db)).toBe(false);
  });
});

describe("the other verbs", () => {
  test("list them by name, with what comes next", async () => {
    const home = homeForTest();
    await home.ok("schedule", "add", "b", "0 3 * * *", "--tz", "Europe/Rome", "--", "echo", "two words");
    await home.ok("schedule", "add", "a", "@yearly", "true");
    await home.ok("schedule", "pause", "a");
    const [a, b] = (await home.ok("schedule", "list")).trimEnd().split("\n");
    expect(a?.split("\t")).toEqual(["a", "@yearly", "UTC", "paused", "-", "true"]);
    const next = expect.stringMatching(/^\d{4}-\d\d-\d\dT0[12]:00:00\.000Z$/);
    expect(b?.split("\t")).toEqual(["b", "0 3 * * *", "Europe/Rome", next, "-", "echo 'two words'"]);
    const { stdout } = await home.terminal(["schedule", "list"], { columns: 72 });
    expect(stdout).toMatch(/NAME +PATTERN +ZONE +NEXT +LAST +COMMAND/);
    expect(stdout).toMatch(/b +0 3 \* \* \* +Europe\/Rome +in \d+[hms] +- +echo/);
    const wide = await home.terminal(["schedule", "list"], { columns: 140 });
    expect(wide.stdout).toMatch(/LAST +OVERLAP +CATCH-UP +QUEUE +COMMAND/);
    expect(wide.stdout).toMatch(/b .* skip +one +default +echo/);
  });

  test("show all that is known of one", async () => {
    const home = homeForTest();
    const policies = ["--overlap", "queue", "--catch-up", "none", "--queue", "media", "--priority", "5"];
    const job = ["--key", "db", "--key-limit", "2", "--unique", "u", "--expires", "5m", "--stdin", "text"];
    const added = await add(home, "a", "@daily", ...policies, ...job, "--env", "API_TOKEN=x", "true");
    expect(added).toMatchObject({ key: "db", key_limit: 2, unique: "u", expires: 300, expires_at: null });
    expect(added).toMatchObject({ stdin: "text", overlap: "queue", catch_up: "none", unique_return: false });
    expect(await home.json("schedule", "show", "a")).toEqual(added);
    const facts = (await home.ok("schedule", "show", "a")).split("\n").map((line) => line.split(/ +: /));
    expect(Object.fromEntries(facts)).toMatchObject({
      Name: "a",
      Overlap: "queue",
      "Catch-up": "none",
      Queue: "media",
      Priority: "5",
      Key: "db, at most 2 at once",
      Unique: "u",
      Expires: "after 5 min",
      Environment: "API_TOKEN=********",
    });
  });

  test("tell the next instants, on a terminal by the clock that counts", async () => {
    const home = homeForTest();
    await home.ok("schedule", "add", "nightly", "0 3 * * *", "--tz", "America/New_York", "true");
    const instants = await home.json<string[]>("schedule", "next", "nightly", "--count", "5");
    expect(instants).toHaveLength(5);
    expect(await home.ok("schedule", "next", "nightly", "--count", "5")).toBe(`${instants.join("\n")}\n`);
    for (const instant of instants)
      expect(new Date(instant).toLocaleTimeString("en-GB", { timeZone: "America/New_York" })).toBe(
        "03:00:00",
      );
    const { stdout } = await home.terminal(["schedule", "next", "nightly"]);
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d 03:00:00 America\/New_York {2}in \d+[hms]\n$/);
  });

  test("pause and resume, from the next instant on", async () => {
    const home = homeForTest();
    await home.ok("schedule", "add", "a", "@daily", "--catch-up", "all", "true");
    expect(await home.ok("schedule", "pause", "a")).toBe("✅ Schedule a is paused.\n");
    byHand(home.db, (db) => db.exec("UPDATE schedules SET next_at = next_at - 864000000"));
    await home.drain();
    expect(await home.ok("schedule", "resume", "a")).toMatch(
      /^✅ Schedule a goes on\. Its next run: .* UTC\.\n$/,
    );
    await home.drain();
    expect(await history(home, "a")).toEqual([]);
  });

  test("pause, resume and remove several, all or none", async () => {
    const home = homeForTest();
    for (const name of ["a", "b"]) await home.ok("schedule", "add", name, "@daily", "true");
    for (const verb of ["pause", "remove"]) {
      const refused = await home.run(["schedule", verb, "a", "x"]);
      expectRefusal(refused, { exitCode: 4, says: 'There is no schedule "x"' });
    }
    const paused = async () =>
      (await home.json<ScheduleJson[]>("schedule", "list")).map((each) => each.paused);
    expect(await paused()).toEqual([false, false]);
    expect(await home.ok("schedule", "pause", "a", "b")).toBe(
      "✅ Schedule a is paused.\n✅ Schedule b is paused.\n",
    );
    expect(await paused()).toEqual([true, true]);
    expect(await home.json("schedule", "resume", "b", "a")).toMatchObject([
      { name: "b", paused: false },
      { name: "a", paused: false },
    ]);
    expect(await home.ok("schedule", "remove", "a", "b")).toBe(
      "✅ Schedule a has been removed.\n✅ Schedule b has been removed.\n",
    );
  });

  test("of one without a job say that it has none, and what there is to do", async () => {
    const home = homeForTest();
    await home.ok("schedule", "add", "a", "@daily", "true");
    expectRefusal(await home.run(["cancel", "a"]), {
      exitCode: 1,
      says: 'Cannot cancel "a": this schedule has no jobs',
      remedy: "queuectl schedule pause a",
    });
    expectRefusal(await home.run(["enqueue", "--after", "a", "true"]), {
      exitCode: 1,
      says: 'cannot wait for the schedule "a": it has no job yet',
      remedy: "queuectl schedule run a",
    });
    expectRefusal(await home.run(["enqueue", "--id", "a", "true"]), {
      exitCode: 1,
      says: 'Cannot enqueue the job "a": a schedule has this id',
      remedy: "queuectl list --of a",
    });
  });

  test("run it now, unless the unique name of its job is taken: nothing else can be got by a flag", async () => {
    const home = homeForTest();
    await home.ok("schedule", "add", "a", "@daily", "--unique", "u", "true");
    await home.ok("enqueue", "--id", "other", "--unique", "u", "true");
    const refused = await home.run(["schedule", "run", "a"]);
    expectRefusal(refused, {
      exitCode: 1,
      says: /Cannot run the job "a:.*"other"/,
      remedy: "queuectl cancel other",
    });
    expect(refused.stderr).not.toContain("--unique-return");
  });

  test("run it now, unless its policy forbids that", async () => {
    const home = homeForTest();
    await home.ok("schedule", "add", "a", "@daily", "true");
    const id = (await home.ok("schedule", "run", "a", "--quiet")).trim();
    const refused = await home.run(["schedule", "run", "a"]);
    expectRefusal(refused, {
      exitCode: 1,
      says: `job "${id}" is unfinished`,
      remedy: `queuectl cancel ${id}.`,
    });
    await home.drain();
    expect(await home.ok("schedule", "run", "a")).toMatch(/^✅ Job enqueued successfully\. ID: a:/);
    expect((await history(home, "a")).map(({ outcome }) => outcome)).toEqual(["fired", "skipped", "fired"]);
  });

  test("remove it, and leave its jobs", async () => {
    const home = homeForTest();
    await home.ok("schedule", "add", "a", "@daily", "true");
    const id = (await home.ok("schedule", "run", "a", "--quiet")).trim();
    expect(await home.ok("schedule", "rm", "a")).toBe("✅ Schedule a has been removed.\n");
    expect(await home.json("schedule", "list")).toEqual([]);
    expect(readJob(home, id)).toMatchObject({ state: "pending" });
    // By the schedule's name, also when it is gone.
    await home.ok("cancel", "a");
    expect(readJob(home, id)).toMatchObject({ state: "cancelled" });
  });

  test.each(["show", "next", "history", "run", "pause", "resume", "remove"])(
    "refuse a name that is not there, and say what was meant: %s",
    async (verb) => {
      const home = homeForTest();
      await home.ok("schedule", "add", "nightly", "@daily", "true");
      const refused = await home.run(["schedule", verb, "nightyl"]);
      const says = 'There is no schedule "nightyl"';
      expectRefusal(refused, { exitCode: 4, says, remedy: "Did you mean nightly?" });
      const json = await home.run(["schedule", verb, "x", "--json"]);
      expectJsonRefusal(json, { exitCode: 4, code: "schedule_not_found" });
    },
  );

  test("answer of a store that is not there, and make none", async () => {
    const home = homeForTest();
    expect(await home.json("schedule", "list")).toEqual([]);
    const says = 'There is no schedule "a"';
    for (const verb of ["run", "pause", "remove"]) {
      const { exitCode, stderr } = await home.run(["schedule", verb, "a"]);
      expect([exitCode, stderr]).toEqual([4, expect.stringContaining(says)]);
    }
    expect(existsSync(home.db)).toBe(false);
  });
});

describe("a worker", () => {
  test("that sleeps is woken by a schedule, and fires it at its instants", async () => {
    const home = homeForTest();
    await startBackground(home, 1, ...NEVER_POLLS);
    await home.ok("schedule", "add", "tick", "* * * * * *", 'echo "$QUEUECTL_JOB_ID" >> ran');
    const fired = await firings(home, "tick", "fired", 3);
    for (const { instant, decided_at, job_id } of fired) {
      expect(Date.parse(decided_at)).toBeGreaterThanOrEqual(Date.parse(instant));
      expect(job_id).toBe(`tick:${instant.replace(/[-:]|\.000/g, "")}`);
      await jobWhen(home, job_id as string, "completed");
    }
    expect(readFileSync(join(home.cwd, "ran"), "utf8")).toContain(fired[0]?.job_id);
  });

  test.each([
    ["one", ["missed", "missed", "fired"]],
    ["all", ["fired", "fired", "fired"]],
    ["none", ["missed", "missed", "missed"]],
  ])("that starts after a downtime catches up: %s", async (policy, outcomes) => {
    const home = homeForTest();
    // Of its minutes, the last was twenty seconds ago.
    const newest = Math.floor(Date.now() / 1_000) * 1_000 - 20_000;
    const pattern = `${new Date(newest).getUTCSeconds()} * * * * *`;
    await home.ok("schedule", "add", "late", pattern, "--catch-up", policy, "echo ran >> ran");
    byHand(home.db, (db) => db.exec(`UPDATE schedules SET next_at = ${newest - 2 * MINUTE}`));
    await home.drain();
    expect((await history(home, "late")).map(({ outcome }) => outcome)).toEqual(outcomes);
    const ran = existsSync(join(home.cwd, "ran")) ? readFileSync(join(home.cwd, "ran"), "utf8") : "";
    expect(ran).toBe("ran\n".repeat(outcomes.filter((outcome) => outcome === "fired").length));
  });
});

describe("while an earlier run goes on, an instant", () => {
  /** A schedule of each second, whose runs go on until they are let go; with room for two. */
  async function addHeld(home: Home, overlap: string): Promise<{ letGo: () => void }> {
    await startBackground(home, 1, "--concurrency", "2", ...NEVER_POLLS);
    const go = join(home.cwd, "go");
    const command = `while [ ! -e '${go}' ]; do sleep 0.02; done`;
    await home.ok("schedule", "add", "held", "* * * * * *", "--overlap", overlap, command);
    return { letGo: () => writeFileSync(go, "") };
  }

  test("is skipped; the first after its end fires", async () => {
    const home = homeForTest();
    const { letGo } = await addHeld(home, "skip");
    const [{ job_id: first } = { job_id: null }] = await firings(home, "held", "fired");
    const [skipped] = await firings(home, "held", "skipped");
    expect(skipped).toMatchObject({ job_id: null, note: `job "${first}" is unfinished` });
    letGo();
    await firings(home, "held", "fired", 2);
    expect(readJob(home, first as string)).toMatchObject({ state: "completed" });
  });

  test("is queued: one runs, the others wait for it", async () => {
    const home = homeForTest();
    const { letGo } = await addHeld(home, "queue");
    const [first, second] = await firings(home, "held", "fired", 2);
    await jobWhen(home, first?.job_id as string, "processing");
    await firings(home, "held", "fired", 3);
    expect(readJob(home, second?.job_id as string)).toMatchObject({ state: "blocked" });
    letGo();
    await jobWhen(home, second?.job_id as string, "completed");
  });

  test("replaces it", async () => {
    const home = homeForTest();
    await addHeld(home, "replace");
    const [first, second] = await firings(home, "held", "fired", 2);
    expect(second?.note).toBe(`replaced "${first?.job_id}"`);
    await jobWhen(home, first?.job_id as string, "cancelled");
  });

  test("runs beside it", async () => {
    const home = homeForTest();
    await addHeld(home, "allow");
    const [first, second] = await firings(home, "held", "fired", 2);
    for (const firing of [first, second]) await jobWhen(home, firing?.job_id as string, "processing");
  });
});

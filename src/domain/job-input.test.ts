import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_DURATION_MS } from "./duration.ts";
import { QueuectlError } from "./errors.ts";
import { isId } from "./id.ts";
import { parseInstant } from "./instant.ts";
import type { NewJob } from "./job.ts";
import { type JobDefaults, parseJobInput } from "./job-input.ts";
import { quoteArgv } from "./shell-quote.ts";

const NOW = Date.parse("2026-03-01T12:00:00.000Z");
const DEFAULTS: JobDefaults = { id: "generated1", maxRetries: 3, cwd: "/home/ada", now: NOW };

function parse(input: unknown): NewJob {
  return parseJobInput(input, DEFAULTS);
}

/** A job that is right but for the fields given. */
function parseWith(fields: object): NewJob {
  return parse({ command: "true", ...fields });
}

function refusal(input: unknown): QueuectlError {
  try {
    parse(input);
  } catch (error) {
    if (error instanceof QueuectlError && error.code === "invalid_job") return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(input)}`);
}

describe("a job that names nothing but its command", () => {
  test("gets every default", () => {
    expect(parse({ command: "echo hello" })).toEqual({
      id: "generated1",
      command: "echo hello",
      argv: null,
      queue: "default",
      priority: 0,
      tags: [],
      cwd: "/home/ada",
      env: {},
      stdin: null,
      maxRetries: 3,
      backoffBase: null,
      timeoutMs: null,
      runAt: null,
      expiresAt: null,
      unique: null,
      uniqueReturn: false,
      key: null,
      keyLimit: null,
      dependsOn: [],
      group: null,
      createdAt: NOW,
    });
  });

  test("may say null for every other field", () => {
    const nulls = {
      id: null,
      argv: null,
      max_retries: null,
      timeout: null,
      timeout_seconds: null,
      backoff_base: null,
      priority: null,
      run_at: null,
      delay: null,
      queue: null,
      tags: null,
      env: null,
      cwd: null,
      stdin: null,
    };
    expect(parseWith(nulls)).toEqual(parseWith({}));
  });
});

describe("a job that names every field", () => {
  test("keeps each as it was given", () => {
    const job = parse({
      id: "nightly:2026.03_01-a",
      command: "  echo 'ünïcödé 🎉'\n",
      max_retries: 0,
      timeout: 90,
      backoff_base: 1.5,
      priority: -7,
      run_at: "2026-12-01T03:00:00Z",
      queue: "mail",
      tags: ["a", "b"],
      env: { LANG: "C", EMPTY: "", "with space": "x" },
      cwd: "/srv",
      stdin: "line\n",
      expires_at: "2026-12-02T03:00:00Z",
      unique: "nightly import",
      unique_return: true,
      key: "host=db1",
      key_limit: 2,
      depends_on: ["a", "b", "a"],
      after_any: ["c"],
      after_fail: ["d", "c"],
    });
    expect(job).toEqual({
      id: "nightly:2026.03_01-a",
      command: "  echo 'ünïcödé 🎉'\n",
      argv: null,
      queue: "mail",
      priority: -7,
      tags: ["a", "b"],
      cwd: "/srv",
      env: { LANG: "C", EMPTY: "", "with space": "x" },
      stdin: "line\n",
      maxRetries: 0,
      backoffBase: 1.5,
      timeoutMs: 90_000,
      runAt: Date.parse("2026-12-01T03:00:00Z"),
      expiresAt: Date.parse("2026-12-02T03:00:00Z"),
      unique: "nightly import",
      uniqueReturn: true,
      key: "host=db1",
      keyLimit: 2,
      dependsOn: [
        { on: "a", condition: "completed" },
        { on: "b", condition: "completed" },
        { on: "c", condition: "finished" },
        { on: "d", condition: "failed" },
        { on: "c", condition: "failed" },
      ],
      group: null,
      createdAt: NOW,
    });
  });

  test("may name a single other without a list", () => {
    const { dependsOn } = parseWith({ depends_on: "a", after_any: "b", after_fail: "c" });
    expect(dependsOn).toEqual(
      parseWith({ depends_on: ["a"], after_any: ["b"], after_fail: ["c"] }).dependsOn,
    );
  });

  test("keeps each tag once, in order", () => {
    expect(parseWith({ tags: ["b", "a", "b", "c", "a"] }).tags).toEqual(["b", "a", "c"]);
  });
});

describe("what is shown of a new job can be enqueued as it stands", () => {
  const shown = {
    id: "job1",
    command: "echo 'Hello World'",
    state: "pending",
    attempts: 0,
    max_retries: 3,
    created_at: "2025-11-04T10:30:00.000Z",
    updated_at: "2025-11-04T10:30:00.000Z",
  };

  test("in the short form", () => {
    expect(parse(shown)).toMatchObject({
      id: "job1",
      command: "echo 'Hello World'",
      maxRetries: 3,
      createdAt: NOW,
    });
  });

  test("in the long form, with all that is not known yet null", () => {
    const unknown = {
      next_run_at: null,
      exit_code: null,
      error: null,
      reason: null,
      worker: null,
      group: null,
      executions: [],
    };
    const more = { priority: 0, queue: "default", tags: [], cwd: "/srv", timeout: null, run_at: null };
    const none = { expires_at: null, unique: null, key: null, depends_on: [], after_any: [], after_fail: [] };
    expect(parse({ ...shown, ...more, ...none, ...unknown })).toMatchObject({ id: "job1", cwd: "/srv" });
  });

  test("blocked, when it names others", () => {
    expect(parse({ ...shown, state: "blocked", after_any: ["a"] })).toMatchObject({ id: "job1" });
    expect(parse({ ...shown, state: "blocked", depends_on: "a" })).toMatchObject({ id: "job1" });
    expect(refusal({ ...shown, state: "blocked" }).message).toContain('cannot be set to "blocked"');
  });

  test.each([
    "2025-11-04T10:30:00",
    "2025-11-04T10:30:00.123456",
    "2025-11-04T10:30:00.123456+00:00",
    "2025-11-04 10:30:00",
  ])("with its times as other programs write them: %s", (time) => {
    expect(parse({ ...shown, created_at: time, updated_at: time })).toMatchObject({ createdAt: NOW });
  });

  test("whatever its values are, and the same object comes back", () => {
    const instant = fc
      .date({ min: new Date(0), max: new Date(253_402_300_799_999), noInvalidDate: true })
      .map((date) => date.toISOString());
    const jobs = fc.record({
      id: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/),
      command: fc
        .string({ unit: "grapheme", minLength: 1 })
        .filter((text) => text.trim() !== "" && !text.includes("\0")),
      state: fc.constant("pending"),
      attempts: fc.constant(0),
      max_retries: fc.integer({ min: 0, max: 1_000_000 }),
      created_at: instant,
      updated_at: instant,
    });
    fc.assert(
      fc.property(jobs, (job) => {
        const parsed = parse(JSON.parse(JSON.stringify(job)));
        expect(parsed).toMatchObject({ id: job.id, command: job.command, maxRetries: job.max_retries });
      }),
    );
  });

  test.each([
    ["state", "dead"],
    ["state", "completed"],
    ["state", null],
    ["attempts", 1],
    ["attempts", "0"],
    ["created_at", "yesterday"],
    ["created_at", 1_700_000_000_000],
    ["updated_at", "soon"],
    ["next_run_at", "2026-12-01T03:00:00Z"],
    ["exit_code", 0],
    ["error", "exit code 1"],
    ["reason", "retries_spent"],
    ["worker", "w1"],
    ["group", { kind: "array", id: "a", member: "1" }],
    ["executions", [{ number: 1 }]],
  ])("but %s cannot be set to %j", (field, value) => {
    expect(refusal({ command: "true", [field]: value }).message).toContain(
      `"${field}" is kept by queuectl and cannot be set to`,
    );
  });
});

describe("what is not a job", () => {
  test.each([null, true, 3, "echo", [], [{ command: "true" }]])("%j is refused", (input) => {
    expect(refusal(input).message).toMatch(/^A job must be a JSON object, not /);
  });

  test.each([{}, { command: null }, { id: "a" }])("%j lacks its command", (input) => {
    expect(refusal(input).message).toBe('A job needs a "command"');
  });

  test.each(["", " ", "\n\t "])("an empty command %j is refused", (command) => {
    expect(refusal({ command }).message).toBe(`The job's "command" is empty`);
  });
});

describe("an unknown field is refused by name", () => {
  test.each([
    "comand",
    "Command",
    "max-retries",
    "maxRetries",
    "constructor",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "",
  ])("%j", (name) => {
    const error = refusal(JSON.parse(`{"command":"true",${JSON.stringify(name)}:1}`));
    expect(error.message).toBe(`Unknown job field "${name}"`);
    expect(error.hint).toContain("max_retries");
  });

  test("__proto__, which is a field like any other in JSON", () => {
    const error = refusal(JSON.parse('{"command":"true","__proto__":{"id":"x"}}'));
    expect(error.message).toBe('Unknown job field "__proto__"');
  });

  test("even when it is very long or not fit for a terminal", () => {
    const error = refusal({ command: "true", [`\u001b[2J${"x".repeat(10_000)}`]: 1 });
    expect(error.message.length).toBeLessThan(100);
    expect(error.message).not.toContain("\u001b");
  });
});

test.each([
  ["after", "depends_on"],
  ["needs", "depends_on"],
  ["run", "command"],
  ["depend_on", "depends_on"],
  ["after_an", "after_any"],
])("for the field %s another name is meant: %s", (name, meant) => {
  expect(refusal({ command: "true", [name]: ["a"] }).hint).toMatch(`Did you mean ${meant}? The fields are`);
});

describe.each(["unique", "key"])("of what does not show in the name %s, the character is named", (field) => {
  test.each([
    ["a\nb", "contains a line feed (U+000A)"],
    ["\u001b[31m", "contains an escape character (U+001B)"],
    ["a\u0085", "contains a control character (U+0085)"],
    ["a\u2028b", "contains a control character (U+2028)"],
    ["a\u200bb", "contains a character that does not show (U+200B)"],
    ["a\u202eb", "contains a character that does not show (U+202E)"],
    ["\u{e0041}", "contains a character that does not show (U+E0041)"],
    [" a", "begins or ends with a space (U+0020)"],
    ["a\u00a0", "begins or ends with a blank (U+00A0)"],
    [" \t", "contains a tab (U+0009)"],
  ])("%j", (name, says) => {
    expect(refusal({ command: "true", [field]: name }).message).toBe(`The job field "${field}" ${says}`);
  });

  test("and what does show is kept", () => {
    expect(parseWith({ [field]: "nächtlicher Import 🎉 (№ 1)" })).toMatchObject({
      [field]: "nächtlicher Import 🎉 (№ 1)",
    });
  });
});

describe("a wrong type is refused and named", () => {
  const cases: [string, unknown[]][] = [
    ["id", [1, true, {}, ["a"]]],
    ["command", [1, true, {}, ["echo"]]],
    ["argv", ["echo", 1, {}, [], [1], ["a", null], [["a"]]]],
    ["max_retries", ["3", true, 1.5, -1, 1e9, [3], {}]],
    ["timeout", [true, {}, [], "soon", "", "-5s", "5 weeks", -1, -0.0001, 1e300]],
    ["timeout_seconds", [true, "soon", -1]],
    ["backoff_base", ["2", true, -0.5, 1e9, [2], {}]],
    ["priority", ["1", 0.5, true, 1e9, -1e9, {}]],
    ["run_at", [1_700_000_000, true, {}, "tomorrow"]],
    ["delay", [true, "later", -1, 1e12, "40000d", {}]],
    ["queue", [1, true, [], {}]],
    ["tags", ["a", 1, {}, [1], [""], [null], ["x".repeat(129)], [["a"]]]],
    ["env", ["A=1", 1, ["A=1"]]],
    ["cwd", [1, true, [], {}]],
    ["stdin", [1, true, [], {}]],
    ["expires", [true, "later", -1, "40000d"]],
    ["expires_at", [1_700_000_000, true, "tomorrow"]],
    ["unique", [1, true, "", "x".repeat(129), ["a"]]],
    ["unique_return", ["yes", 1, []]],
    ["key", [1, true, "", "x".repeat(129), {}]],
    ["key_limit", [0, -1, 1.5, "2", true, 1e9]],
    ["depends_on", ["", "a b", "a,b", 1, {}, [1], [""], ["a b"], [null], [undefined], [["a"]], ["@last"]]],
    ["after_any", ["-x", ["-x"]]],
    ["after_fail", [1, ["x".repeat(129)]]],
  ];
  test.each(cases.flatMap(([name, values]) => values.map((value) => [name, value] as const)))(
    "%s: %j",
    (name, value) => {
      expect(refusal({ command: "true", [name]: value }).message).toMatch(
        new RegExp(`^The job field "${name}" must be `),
      );
    },
  );

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "a number that is none, %s, from a program",
    (value) => {
      for (const name of ["max_retries", "timeout", "backoff_base", "priority", "delay"])
        expect(refusal({ command: "true", [name]: value }).message).toContain(`"${name}" must be`);
    },
  );

  test.each([
    ["A", 1],
    ["A", null],
    ["A", ["x"]],
  ])("the variable %s: %j", (name, value) => {
    expect(refusal({ command: "true", env: { [name]: value } }).message).toContain(
      `"env.${name}" must be a string`,
    );
  });
});

describe("ids and queue names", () => {
  test.each(["a", "9", "A.b_c:d-e", "x".repeat(128)])("%j is allowed", (text) => {
    expect(parseWith({ id: text, queue: text })).toMatchObject({ id: text, queue: text });
  });

  test.each([
    "",
    " a",
    "a ",
    "a\n",
    "-a",
    ".a",
    "_a",
    ":a",
    "@last",
    "a/b",
    "a b",
    "ä",
    "x".repeat(129),
    "../../etc",
  ])("%j is not", (text) => {
    expect(refusal({ command: "true", id: text }).message).toMatch(/^The job id ".*" is not allowed/s);
    expect(refusal({ command: "true", queue: text }).message).toMatch(/^The queue name ".*" is not allowed/s);
  });
});

describe("texts that the system could not take as they were written are refused", () => {
  const texts = [
    ["a NUL", "a\0b", "contains a NUL character"],
    ["half of a surrogate pair", "a\ud83c", "is not valid Unicode"],
  ] as const;
  const places: [string, (text: string) => object][] = [
    ["command", (command) => ({ command })],
    ["argv", (text) => ({ argv: ["echo", text] })],
    ["id", (id) => ({ command: "true", id })],
    ["queue", (queue) => ({ command: "true", queue })],
    ["tags", (tag) => ({ command: "true", tags: ["ok", tag] })],
    ["cwd", (cwd) => ({ command: "true", cwd })],
    ["stdin", (stdin) => ({ command: "true", stdin })],
    ["unique", (unique) => ({ command: "true", unique })],
    ["key", (key) => ({ command: "true", key })],
    ["env.NAME", (value) => ({ command: "true", env: { NAME: value } })],
  ];
  test.each(
    places.flatMap(([name, build]) => texts.map(([what, text, rule]) => ({ name, build, what, text, rule }))),
  )("$what in $name", ({ name, build, text, rule }) => {
    expect(refusal(build(text)).message).toBe(`The job field "${name}" ${rule}`);
  });

  test.each(["", "A=B", "=", "A\0", "\udc00"])("the variable name %j", (name) => {
    expect(refusal({ command: "true", env: { [name]: "x" } }).message).toMatch(
      /^The environment variable name ".*" is not allowed$/,
    );
  });
});

describe("an argument list", () => {
  test("is kept exactly, and shown shell-quoted as the command", () => {
    const argv = ["printf", "%s\n", "it's", "", "a b"];
    expect(parse({ argv })).toMatchObject({ argv, command: `printf '%s\n' 'it'\\''s' '' 'a b'` });
  });

  test("may come with the command that is shown for it, and with no other", () => {
    expect(parse({ argv: ["echo", "a b"], command: "echo 'a b'" }).argv).toEqual(["echo", "a b"]);
    expect(refusal({ argv: ["echo", "a b"], command: "echo a b" }).message).toContain("say different things");
  });

  test("names a program", () => {
    expect(refusal({ argv: ["", "a"] }).message).toBe('The first entry of "argv" is empty');
  });
});

describe("the environment of a job", () => {
  test("may have a variable called __proto__, constructor or toString", () => {
    const env = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}');
    const job = parseWith({ env });
    expect(Object.entries(job.env)).toEqual(Object.entries(env));
    expect(JSON.stringify(job.env)).toBe(JSON.stringify(env));
  });
});

describe("the working directory", () => {
  test.each([
    ["/srv/data", "/srv/data"],
    ["C:\\data", "C:\\data"],
    ["D:/data", "D:/data"],
    ["sub/dir", "/home/ada/sub/dir"],
    ["..", "/home/ada/.."],
  ])("%s is %s, relative to where the job is enqueued", (cwd, expected) => {
    expect(parseWith({ cwd }).cwd).toBe(expected);
  });

  test("below the root has one slash", () => {
    expect(parseJobInput({ command: "true", cwd: "srv" }, { ...DEFAULTS, cwd: "/" }).cwd).toBe("/srv");
  });

  test("must be absolute where there is no directory to start from", () => {
    const defaults = { ...DEFAULTS, cwd: null };
    expect(parseJobInput({ command: "true" }, defaults).cwd).toBeNull();
    expect(() => parseJobInput({ command: "true", cwd: "srv" }, defaults)).toThrow(
      "must be an absolute path",
    );
  });

  test("is not empty", () => {
    expect(refusal({ command: "true", cwd: "" }).message).toBe(`The job's "cwd" is empty`);
  });
});

describe("the timeout", () => {
  test.each([
    [0, 0],
    [30, 30_000],
    [0.25, 250],
    ["90", 90_000],
    ["5m", 300_000],
    ["250ms", 250],
    [3_155_760_000, MAX_DURATION_MS],
  ])("%j is %d ms, under both of its names", (value, ms) => {
    expect(parseWith({ timeout: value }).timeoutMs).toBe(ms);
    expect(parseWith({ timeout_seconds: value }).timeoutMs).toBe(ms);
  });

  test.each([1e-7, 0.0004, Number.MIN_VALUE, "0.0004", "0.1ms"])(
    "%j, however short, never becomes 0, which means none",
    (value) => {
      expect(parseWith({ timeout: value }).timeoutMs).toBe(1);
    },
  );

  test("has two names and is given under one", () => {
    expect(refusal({ command: "true", timeout: 5, timeout_seconds: 5 }).message).toBe(
      '"timeout" and "timeout_seconds" exclude each other',
    );
    expect(parseWith({ timeout: null, timeout_seconds: 5 }).timeoutMs).toBe(5_000);
    expect(parseWith({ timeout: 5, timeout_seconds: null }).timeoutMs).toBe(5_000);
  });
});

describe("when a job is to run", () => {
  test("a delay counts from now", () => {
    expect(parseWith({ delay: "10m" }).runAt).toBe(NOW + 600_000);
    expect(parseWith({ delay: 1.5 }).runAt).toBe(NOW + 1_500);
    expect(parseWith({ delay: 0 }).runAt).toBe(NOW);
  });

  test("is said by run_at or by delay, not by both", () => {
    expect(refusal({ command: "true", run_at: "2026-12-01T03:00:00Z", delay: 5 }).message).toBe(
      '"run_at" and "delay" exclude each other',
    );
  });

  test.each([
    ["2026-12-01T03:00:00Z", "2026-12-01T03:00:00.000Z"],
    ["2026-12-01T03:00Z", "2026-12-01T03:00:00.000Z"],
    ["2026-12-01T03:00:00.123456789Z", "2026-12-01T03:00:00.123Z"],
    ["2026-12-01T03:00:00+05:30", "2026-11-30T21:30:00.000Z"],
    ["2026-12-01T03:00:00+0530", "2026-11-30T21:30:00.000Z"],
    ["2026-12-31T23:00:00-02:00", "2027-01-01T01:00:00.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ])("%s is %s", (text, expected) => {
    expect(new Date(parseWith({ run_at: text }).runAt ?? Number.NaN).toISOString()).toBe(expected);
  });

  test.each([
    ["a day that does not exist", "2026-02-31T00:00:00Z"],
    ["29 February of a common year", "2026-02-29T00:00:00+02:00"],
    ["a month that does not exist", "2026-13-01T00:00:00Z"],
    ["an hour that does not exist", "2026-12-01T25:00:00Z"],
    ["an offset that does not exist", "2026-12-01T03:00:00+99:99"],
    ["no zone", "2026-12-01T03:00:00"],
    ["a zone by name without a space", "2026-12-01T03:00:00Europe/Rome"],
    ["a day in a zone that does not exist", "2026-02-30 03:00 Europe/Rome"],
    ["a time of a zone before 1970", "1970-01-01 00:30 Europe/Rome"],
    ["a zone and an offset", "2026-12-01T03:00:00Z Europe/Rome"],
    ["no time", "2026-12-01"],
    ["two spaces for the T", "2026-12-01  03:00:00Z"],
    ["a year before 1970", "1969-12-31T23:59:59Z"],
    ["a year of more than four digits", "+010000-01-01T00:00:00Z"],
    ["an instant that is past 9999 in UTC", "9999-12-31T23:59:59-01:00"],
    ["a line after it", "2026-12-01T03:00:00Z\n"],
    ["nothing", ""],
  ])("%s is refused: %j", (_, text) => {
    expect(refusal({ command: "true", run_at: text }).message).toContain(
      '"run_at" must be an instant with its zone',
    );
  });

  test.each([
    ["2026-12-01 03:00 Europe/Rome", "2026-12-01T02:00:00.000Z"],
    ["2026-07-01T03:00 Europe/Rome", "2026-07-01T01:00:00.000Z"],
    ["2026-12-01 03:00:30.5 America/St_Johns", "2026-12-01T06:30:30.500Z"],
    ["2026-12-01 03:00 UTC", "2026-12-01T03:00:00.000Z"],
    // Skipped when the clocks are set forward: the first instant behind the gap.
    ["2026-03-29 02:30 Europe/Rome", "2026-03-29T01:00:00.000Z"],
    // Shown twice when they are set back: the first time.
    ["2026-10-25 02:30 Europe/Rome", "2026-10-25T00:30:00.000Z"],
  ])("on the walls of a zone, %s is %s", (text, expected) => {
    expect(new Date(parseWith({ run_at: text }).runAt ?? Number.NaN).toISOString()).toBe(expected);
  });

  test("a zone that nobody knows is refused, with what may have been meant", () => {
    const { message, hint } = refusal({ command: "true", expires_at: "2026-12-01 03:00 Europe/Roma" });
    expect(message).toBe('There is no time zone "Europe/Roma"');
    expect(hint).toMatch(/^Did you mean Europe\/Rome\b/);
  });

  test.each([
    ["2026-12-01T03:00:00", "its zone is missing"],
    ["2026-12-01 03:00", "its zone is missing"],
    ["2026-12-01", "the time of day is missing"],
    ["2026-02-30 03:00 Europe/Rome", "there is no day 2026-02-30"],
    ["2026-04-31T03:00:00Z", "there is no day 2026-04-31"],
    ["2026-13-01T03:00:00Z", "there is no month 13"],
    ["2026-12-01 25:00 Europe/Rome", "there is no hour 25"],
    ["2026-12-01T03:60Z", "there is no minute 60"],
    ["2026-12-01T03:00:61Z", "there is no second 61"],
    ["1969-07-20T20:17:00Z", "it is before 1970"],
    ["9999-12-31T23:59:59-01:00", "it is after the year 9999"],
    ["2026-12-01T03:00:00+1", "its zone cannot be read"],
  ])("of %s, the wrong part is named", (text, why) => {
    expect(refusal({ command: "true", run_at: text }).message).toMatch(new RegExp(`not "[^"]+": ${why}$`));
  });

  test.each([
    "2026-12-01 03:00 +01:00",
    "2026-12-01 03:00+0100",
    "2026-12-01T03:00:00 +01:00",
    "2026-12-01 02:00 Z",
  ])("an offset stands behind a blank as well: %s", (text) => {
    expect(parseWith({ run_at: text }).runAt).toBe(Date.parse("2026-12-01T02:00:00Z"));
  });

  test("every instant that is shown can be read back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (at) => {
        expect(parseInstant(new Date(at).toISOString())).toBe(at);
      }),
    );
  });
});

describe("when it may run at all", () => {
  const code = (fields: object) => {
    try {
      parseWith(fields);
    } catch (error) {
      if (error instanceof QueuectlError) return error;
    }
    throw new Error("It was accepted");
  };

  test("a time to expire is counted from now", () => {
    expect(parseWith({ expires: "1h" })).toMatchObject({ expiresAt: NOW + 3_600_000, runAt: null });
    expect(parseWith({ expires: 90, delay: 60 })).toMatchObject({ expiresAt: NOW + 90_000 });
  });

  test.each([
    { expires: 0 },
    { expires: 60, delay: 60 },
    { expires: "1h", run_at: "2026-03-01T13:30:00Z" },
    { expires_at: "2026-03-01T12:30:00Z", run_at: "2026-03-01T13:30:00Z" },
    { expires_at: "2026-03-01T11:59:59Z" },
    { expires_at: "2026-03-01T12:00:00Z" },
    { expires_at: "2026-03-01T11:59:59Z", run_at: "2026-03-01T10:00:00Z" },
  ])("one that would expire before it may start is refused: %j", (fields) => {
    expect(refusal({ command: "true", ...fields }).message).toBe("The job would expire before it may start");
  });

  test.each([
    [{ expires: 1, expires_at: "2026-12-01T03:00:00Z" }, '"expires_at" and "expires" exclude each other'],
    [{ key_limit: 2 }, '"key_limit" says nothing without "key"'],
    [{ unique_return: true }, '"unique_return" says nothing without "unique"'],
    [{ depends_on: ["a", "b"], after_fail: ["b"] }, '"b" cannot both complete and fail'],
  ])("%j is refused", (fields, why) => {
    expect(refusal({ command: "true", ...fields }).message).toContain(why);
  });

  test("no key and no name is not a limit or a return without one", () => {
    expect(parseWith({ unique_return: false, key_limit: null })).toMatchObject({ uniqueReturn: false });
  });

  test.each(["depends_on", "after_any", "after_fail"])("a job cannot wait for itself: %s", (field) => {
    expect(code({ id: "me", [field]: ["a", "me"] })).toMatchObject({
      code: "dependency_cycle",
      message: 'The job "me" would wait for itself',
    });
  });
});

describe("whatever comes", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.string({ unit: "grapheme" }));
  const value = fc.oneof(
    fc.jsonValue(),
    text,
    fc.integer(),
    fc.double(),
    fc.array(text),
    fc.dictionary(text, text),
    fc.constantFrom("30s", "5m", "2026-12-01T03:00:00Z", "pending", 0, 1, 3, null),
  );
  const nearlyJob = fc.record(
    Object.fromEntries(
      [
        "command",
        "argv",
        "id",
        "max_retries",
        "timeout",
        "timeout_seconds",
        "backoff_base",
        "priority",
        "run_at",
        "delay",
        "queue",
        "tags",
        "env",
        "cwd",
        "stdin",
        "expires",
        "expires_at",
        "unique",
        "unique_return",
        "key",
        "key_limit",
        "depends_on",
        "after_any",
        "after_fail",
        "group",
        "state",
        "attempts",
        "created_at",
        "worker",
        "toString",
      ].map((name) => [name, value]),
    ),
    { requiredKeys: [] },
  );
  const rightButForOne = fc
    .tuple(
      fc.constantFrom(
        ...["argv", "id", "timeout", "tags", "env", "cwd", "stdin", "delay", "priority"],
        ...["expires", "unique", "key", "depends_on", "after_fail"],
      ),
      value,
    )
    .map(([name, given]) => ({ command: "true", [name]: given }));

  test("it is a job or an invalid_job with a sentence of one short line, never anything else", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.anything(), nearlyJob, rightButForOne), (input) => {
        try {
          expectSound(parse(input));
        } catch (error) {
          if (!(error instanceof QueuectlError)) throw error;
          expect(error.code).toBe("invalid_job");
          expect(error.message).toMatch(/^[^\u0000-\u001f]{10,500}$/u);
          expect(error.message.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  /** What the store and the worker rely on. */
  function expectSound(job: NewJob) {
    expect(isId(job.id) && isId(job.queue)).toBe(true);
    expect(job.command.trim()).not.toBe("");
    if (job.argv !== null) expect(job.command).toBe(quoteArgv(job.argv));
    expect(job.cwd).toMatch(/^(\/|[A-Za-z]:)/);
    for (const count of [job.maxRetries, job.timeoutMs ?? 0, job.runAt ?? 0, job.expiresAt ?? 0]) {
      expect(Number.isSafeInteger(count)).toBe(true);
      expect(count).toBeGreaterThanOrEqual(0);
    }
    expect(Number.isSafeInteger(job.priority)).toBe(true);
    expect(Number.isFinite(job.backoffBase ?? 0)).toBe(true);
    expect(job.keyLimit === null || job.key !== null).toBe(true);
    expect(job.dependsOn.every(({ on }) => isId(on) && on !== job.id)).toBe(true);
    const labels = [job.unique ?? "", job.key ?? ""];
    const texts = [job.command, job.cwd ?? "", job.stdin ?? "", ...(job.argv ?? []), ...job.tags, ...labels];
    for (const one of [...texts, ...Object.entries(job.env).flat()]) {
      expect(one.isWellFormed() && !one.includes("\0")).toBe(true);
    }
  }
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { QueuectlError } from "../../domain/errors.ts";
import type { Flow } from "../../domain/flow.ts";
import { parseFlow } from "./parse-flow.ts";

const CONTEXT = { cwd: "/work", now: Date.parse("2026-01-01T00:00:00Z") };

const parse = (text: string): Promise<Flow> => parseFlow(text, "build.yaml", CONTEXT);

/** What a text is refused with: each fault on a line, its hint behind it. */
async function faultsOf(text: string, context = CONTEXT): Promise<string[]> {
  try {
    await parseFlow(text, "build.yaml", context);
  } catch (error) {
    if (!(error instanceof QueuectlError)) throw error;
    expect(error.code).toBe("invalid_flow");
    const { message, hint } = error;
    return message.includes("faults, and") ? (hint ?? "").split("\n") : [`${message}. ${hint ?? ""}`.trim()];
  }
  throw new Error("It was not refused.");
}

test("brackets in texts and comments open nothing, however many there are", async () => {
  const brackets = "[{".repeat(5_000);
  const text = `name: x\nsteps:\n  a: { run: "${brackets}" } # ${brackets}\n  b:\n    run: |\n      ${brackets}\n`;
  const { steps } = await parse(`${text}  c: { run: -${brackets.replaceAll(/[[{]/g, "-")} }\n`);
  expect(steps.map(({ job }) => String(job["command"]).length)).toEqual([10_000, 10_001, 10_001]);
});

test.each([
  ["Windows", "name: x\r\nsteps:\r\n  a:\r\n    run: |\r\n      one\r\n      two\r\n", "one\ntwo\n"],
  ["an editor that marks the order of bytes", "\ufeffname: x\nsteps: { a: { run: x } }\n", "x"],
  ["who ends a document", "---\nname: x\nsteps: { a: { run: x } }\n...\n", "x"],
])("the file of %s is one like others", async (_, text, command) => {
  expect((await parse(text)).steps.map(({ job }) => job["command"])).toEqual([command]);
});

test("of words that are no texts, each is pointed at", async () => {
  expect(await faultsOf("name: x\nsteps:\n  a: { argv: [echo, 1, '', true, {}] }\n")).toEqual([
    'build.yaml:3:21: The field "argv" must be strings, not 1. In quotes it is a text: "1"',
    'build.yaml:3:28: The field "argv" must be strings, not true. In quotes it is a text: "true"',
    'build.yaml:3:34: The field "argv" must be strings, not an object.',
  ]);
});

describe("a flow file is read", () => {
  test("as YAML, step by step", async () => {
    const flow = await parse(`
# what everybody does in the morning
name: build
concurrency: 4
defaults: { timeout: 10m, env: { CI: "1", LANG: C }, delay: 5s }
steps:
  fetch:
    run: |
      git fetch
      git status
  test:
    argv: [make, test]
    needs: fetch
    max_retries: 2
    env: { LANG: it }
    run_at: 2026-12-01T03:00:00Z
  report:
    run: ./report
    needs: [fetch]
    after_any: [test]
  alarm: { run: ./alarm, after_fail: [test, fetch], timeout: 0 }
`);
    const env = { CI: "1", LANG: "C" };
    const defaults = { timeout: "10m", env, delay: "5s" };
    expect(flow).toEqual({
      name: "build",
      concurrency: 4,
      steps: [
        {
          name: "fetch",
          place: "build.yaml:7:3",
          dependsOn: [],
          job: { ...defaults, command: "git fetch\ngit status\n" },
        },
        {
          name: "test",
          place: "build.yaml:11:3",
          dependsOn: [{ on: "fetch", condition: "completed" }],
          job: {
            timeout: "10m",
            argv: ["make", "test"],
            max_retries: 2,
            env: { CI: "1", LANG: "it" },
            run_at: "2026-12-01T03:00:00Z",
          },
        },
        {
          name: "report",
          place: "build.yaml:17:3",
          dependsOn: [
            { on: "fetch", condition: "completed" },
            { on: "test", condition: "finished" },
          ],
          job: { ...defaults, command: "./report" },
        },
        {
          name: "alarm",
          place: "build.yaml:21:3",
          dependsOn: [
            { on: "test", condition: "failed" },
            { on: "fetch", condition: "failed" },
          ],
          job: { ...defaults, command: "./alarm", timeout: 0 },
        },
      ],
    });
  });

  test("as JSON, tabs and a schema included", async () => {
    const json = { $schema: "./flow.schema.json", name: "build", steps: { a: { run: "x" } } };
    expect(await parse(JSON.stringify(json, null, "\t"))).toEqual({
      name: "build",
      concurrency: null,
      steps: [{ name: "a", place: "build.yaml:5:3", dependsOn: [], job: { command: "x" } }],
    });
  });

  test("with steps called as YAML calls numbers and truth, and with variables called as objects are made", async () => {
    const { steps } = await parse(
      `{ name: x, steps: { 1: { run: x }, true: { run: x, needs: "1" }, 0x10: { run: x, env: { __proto__: y } } } }`,
    );
    expect(steps.map(({ name }) => name)).toEqual(["1", "true", "0x10"]);
    expect(Object.entries(steps[2]?.job["env"] ?? {})).toEqual([["__proto__", "y"]]);
  });

  test("with a step that is named twice counted once", async () => {
    const { steps } = await parse(
      "name: x\nsteps: { a: { run: x }, b: { run: x, needs: [a, a], after_any: a } }\n",
    );
    expect(steps[1]?.dependsOn).toEqual([
      { on: "a", condition: "completed" },
      { on: "a", condition: "finished" },
    ]);
  });

  test("with anchors: an alias stands for the whole value", async () => {
    const { steps } = await parse(
      "name: x\nsteps:\n  a: &a { run: x, tags: &t [t] }\n  b: *a\n  c: { run: y, tags: *t }\n",
    );
    expect(steps.map(({ job }) => job)).toEqual([
      { command: "x", tags: ["t"] },
      { command: "x", tags: ["t"] },
      { command: "y", tags: ["t"] },
    ]);
  });

  test("with a default that counts only where it says something", async () => {
    const { steps } = await parse(
      "{ name: x, defaults: { key_limit: 2, run_at: 2026-12-01T03:00:00Z }, steps: { a: { run: x, key: k, delay: 1s }, b: { run: y } } }",
    );
    expect(steps.map(({ job }) => job)).toEqual([
      { command: "x", key: "k", key_limit: 2, delay: "1s" },
      { command: "y", run_at: "2026-12-01T03:00:00Z" },
    ]);
  });

  test("with ten thousand steps in one chain", async () => {
    expect((await parse(chainOf(10_000))).steps).toHaveLength(10_000);
  });
});

function chainOf(count: number): string {
  const steps = Array.from(
    { length: count },
    (_, n) => `  s${n}: { run: x, needs: [${n === 0 ? "" : `s${n - 1}`}] }`,
  );
  return `name: long\nsteps:\n${steps.join("\n")}\n`;
}

const FIELDS =
  "run, argv, needs, after_any, after_fail, max_retries, timeout, backoff_base, priority, queue, tags, env, cwd, stdin, key, key_limit, delay, run_at, expires";
const ID_RULE =
  "letters, digits, dot, underscore, colon or hyphen, 1 to 128 of them, the first a letter or digit";
const LOOKS_LIKE = 'Write it like this: { name: build, steps: { fetch: { run: "…" } } }';

describe("what is wrong is said with its place and its remedy:", () => {
  test.each<[what: string, text: string, fault: string]>([
    ["no flow", "", `1:1: There is no flow in it. ${LOOKS_LIKE}`],
    ["comments only", "# soon\n", `1:1: There is no flow in it. ${LOOKS_LIKE}`],
    ["a list", "- fetch\n", `1:1: A flow is a mapping, not an array. ${LOOKS_LIKE}`],
    ["a text", "fetch\n", `1:1: A flow is a mapping, not "fetch". ${LOOKS_LIKE}`],
    ["no steps", "name: x\n", `1:1: The flow has no "steps". ${LOOKS_LIKE}`],
    ["empty steps", "name: x\nsteps: {}\n", `2:8: The flow has no steps. ${LOOKS_LIKE}`],
    [
      "steps without a value",
      "name: x\nsteps:\n",
      '2:1: The field "steps" has no value. Give it one, or take it out.',
    ],
    [
      "steps in a list",
      "name: x\nsteps: [a]\n",
      `2:8: The "steps" are a mapping of names and steps, not an array. ${LOOKS_LIKE}`,
    ],
    [
      "no name",
      "steps: { a: { run: x } }",
      '1:1: The flow has no "name". Its jobs are named after it. Add a line: name: build',
    ],
    [
      "a name that is not allowed",
      "{ name: a b, steps: { a: { run: x } } }",
      `1:9: The flow's name "a b" is not allowed. A flow's name has ${ID_RULE}.`,
    ],
    [
      "an unknown field of the flow",
      "name: x\nconcurency: 3\nsteps: { a: { run: x } }\n",
      '2:1: Unknown field "concurency". Did you mean concurrency?',
    ],
    [
      "a concurrency of nothing",
      "name: x\nconcurrency: 0\nsteps: { a: { run: x } }\n",
      '2:14: The field "concurrency" must be a whole number from 1 to 1000000, not 0.',
    ],
    [
      "an unknown field of a step",
      step("run: x, neds: []"),
      `3:16: Unknown field "neds". Did you mean needs?`,
    ],
    [
      "a field that is near to none",
      step("run: x, colour: red"),
      `3:16: Unknown field "colour". The fields of a step: ${FIELDS}.`,
    ],
    [
      "a job's name of a field",
      step("command: x, run: x"),
      `3:8: Unknown field "command". Did you mean run?`,
    ],
    [
      "an unknown default",
      "name: x\ndefaults: { needs: a }\nsteps: { a: { run: x } }\n",
      '2:13: Unknown field "needs". The fields of the defaults: max_retries, timeout, backoff_base, priority, queue, tags, env, cwd, stdin, key, key_limit, delay, run_at, expires.',
    ],
    [
      "defaults that are none",
      "name: x\ndefaults: [a]\nsteps: { a: { run: x } }\n",
      '2:11: The "defaults" are a mapping of fields, not an array. Write it like this: defaults: { timeout: 10m }',
    ],
    [
      "a wrong default, once and not for each step",
      "name: x\ndefaults: { timeout: soon }\nsteps: { a: { run: x }, b: { run: y } }\n",
      '2:22: The field "timeout" must be seconds or a duration such as 30s, 5m, 1h30m, 1d, at most 100 years, not "soon".',
    ],
    [
      "defaults that exclude each other, once and not for each step",
      "name: x\ndefaults: { delay: 1s, run_at: 2026-12-01T03:00:00Z }\nsteps: { a: { run: x }, b: { run: y } }\n",
      '2:1: "run_at" and "delay" exclude each other. Give one of them.',
    ],
    [
      "nothing to run",
      step("timeout: 5"),
      '3:3: The step "a" has nothing to run. Give it run: "…", or argv: […].',
    ],
    [
      "an empty command",
      step('run: " "'),
      `3:13: The step's "run" is empty. Give the shell command that is to be run.`,
    ],
    [
      "two commands",
      step("run: x, argv: [y]"),
      '3:3: "run" and "argv" of the step say different things. Give one of them.',
    ],
    [
      "a step without a value",
      "name: x\nsteps:\n  a:\n",
      '3:5: The step "a" must be a mapping, not nothing. Write it like this: a: { run: "…" }',
    ],
    [
      "a step that is a text",
      "name: x\nsteps:\n  a: make\n",
      '3:6: The step "a" must be a mapping, not "make". Write it like this: a: { run: "…" }',
    ],
    [
      "a step's name",
      "name: x\nsteps:\n  a b: { run: x }\n",
      `3:3: The step name "a b" is not allowed. A step's name has ${ID_RULE}.`,
    ],
    [
      "a field without a value",
      step("run: x, timeout: "),
      '3:16: The field "timeout" has no value. Give it one, or take it out.',
    ],
    [
      "a number for a text",
      step("run: 5"),
      '3:13: The field "run" must be a string, not 5. In quotes it is a text: "5"',
    ],
    [
      "one variable of several",
      step("run: x, env: { A: b, PORT: 8080 }"),
      '3:35: The field "env.PORT" must be a string, not 8080. In quotes it is a text: "8080"',
    ],
    [
      "one tag of several",
      step("run: x, tags: [a, true]"),
      '3:26: The field "tags" must be strings of 1 to 128 characters, not true. In quotes it is a text: "true"',
    ],
    [
      "a negative number",
      step("run: x, max_retries: -1"),
      '3:29: The field "max_retries" must be a whole number from 0 to 1000000, not -1.',
    ],
    [
      "a wrong instant",
      step("run: x, run_at: tomorrow"),
      '3:24: The field "run_at" must be an instant with its zone such as 2026-12-01T03:00:00Z or 2026-12-01 03:00 Europe/Rome, not "tomorrow".',
    ],
    [
      "fields that exclude each other",
      step("run: x, delay: 5s, run_at: 2026-12-01T03:00:00Z"),
      '3:3: "run_at" and "delay" exclude each other. Give one of them.',
    ],
    [
      "an end before the beginning",
      step("run: x, delay: 5m, expires: 1m"),
      "3:3: The step would expire before it may start. Let it expire later, or start sooner.",
    ],
    [
      "a limit of no key",
      step("run: x, key_limit: 2"),
      '3:3: "key_limit" says nothing without "key". Give "key" too, or leave "key_limit" out.',
    ],
    [
      "a wrong limit of no key",
      step("run: x, key_limit: 0"),
      '3:27: The field "key_limit" must be a whole number from 1 to 1000000, not 0.',
    ],
    [
      "an unknown step",
      "name: x\nsteps:\n  fetch: { run: x }\n  b: { run: x, needs: [fetch, fech] }\n",
      '4:31: There is no step "fech". Did you mean fetch?',
    ],
    ["an unknown step, far from all", step("run: x, after_fail: zzz"), '3:28: There is no step "zzz".'],
    [
      "a number for a step",
      step("run: x, needs: [1]"),
      '3:24: The field "needs" takes names of steps, not 1. In quotes it is a name: "1"',
    ],
    [
      "a step that waits for itself",
      step("run: x, after_any: a"),
      "3:27: Steps wait for each other: a → a. Take one of these waits out.",
    ],
    [
      "a circle",
      "name: x\nsteps:\n  a: { run: x, needs: c }\n  b: { run: x, after_fail: a }\n  c: { run: x, after_any: [b] }\n",
      "4:28: Steps wait for each other: a → c → b → a. Take one of these waits out.",
    ],
    [
      "what cannot both be",
      "name: x\nsteps:\n  a: { run: x }\n  b: { run: x, needs: a, after_fail: [a] }\n",
      '4:39: The step "b" would wait for "a" both to complete and to fail. Take it out of "needs" or of "after_fail".',
    ],
    [
      "a step that is there twice",
      "name: x\nsteps:\n  a: { run: x }\n  a: { run: y }\n",
      '4:3: The name "a" is there twice. It stands at build.yaml:3:3 too. Rename one of them, or take it out.',
    ],
    [
      "a tab",
      "name: x\nsteps:\n\ta: { run: x }\n",
      "3:1: Tabs are not allowed as indentation. Indent with spaces.",
    ],
    [
      "an unclosed list",
      "name: x\nsteps: { a: { run: x, needs: [",
      "2:31: A ] is missing before this, or stands too far left.",
    ],
    [
      "a colon in a text",
      "name: x\nsteps:\n  a:\n    run: echo a: b\n",
      '4:10: Nested mappings are not allowed in compact mappings. A text with ": " in it goes in quotes, or below a line that ends in |.',
    ],
    [
      "a reserved character",
      step("run: `date`"),
      "3:13: Plain value cannot start with reserved character `. Put the text in quotes.",
    ],
    [
      "two documents",
      "name: x\nsteps: { a: { run: x } }\n---\nname: y\n",
      "3:1: This begins a second document. A file holds one flow. Put the others into files of their own.",
    ],
    [
      "a tag",
      step("run: !sh x"),
      "3:13: Unresolved tag: !sh. A flow needs no tags. If it is a text, put it in quotes.",
    ],
    [
      "a field without a value",
      step("run: &x"),
      '3:8: The field "run" has no value. Give it one, or take it out.',
    ],
    [
      "words behind a quoted one",
      step('run: "echo" x'),
      "3:20: Unexpected scalar at node end. Put the whole text in quotes, or below a line that ends in |.",
    ],
    [
      "a text beside its sign",
      "name: x\nsteps:\n  a:\n    run: | echo\n",
      "4:12: The text that belongs to | or > begins in the next line.",
    ],
    ["a text that is not closed", 'name: "x\n', '2:1: The text is not closed: its second " is missing.'],
    [
      "a name without a space behind its colon",
      "name:x\nsteps: {}\n",
      "1:1: Implicit keys need to be on a single line. After a name come a colon and a space, in its line.",
    ],
    [
      "a name of a thousand letters",
      `name: x\nsteps:\n  ${"a".repeat(1_030)}: {}\n`,
      "3:3: A name has at most 1024 characters.",
    ],
    [
      "a merge into variables",
      "name: x\nsteps:\n  a: { run: x, env: { <<: { A: b } } }\n",
      '3:27: The field "env.<<" must be a string, not an object. YAML 1.2 merges no mappings. What all steps share goes under "defaults".',
    ],
    [
      "variables that are none, beside those of all steps",
      "name: x\ndefaults: { env: { A: b } }\nsteps: { a: { run: x, env: true } }\n",
      '3:28: The field "env" must be an object of names and strings, not true.',
    ],
    [
      "an alias of nothing",
      step("run: *x"),
      '3:13: There is no anchor &x before the alias *x. If it is a text, put it in quotes: "*x"',
    ],
    [
      "a merge",
      step("run: x, <<: { cwd: /x }"),
      '3:16: Unknown field "<<". YAML 1.2 merges no mappings. What all steps share goes under "defaults".',
    ],
    ["a name that is no text", step("run: x, [env]: y"), "3:16: A name must be a plain text."],
  ])("%s", async (_, text, fault) => {
    expect(await faultsOf(text)).toEqual([`build.yaml:${fault}`]);
  });

  test("a name that is too long together with the flow's id", async () => {
    const text = `name: x\nsteps:\n  ${"a".repeat(119)}: { run: x }\n  ${"b".repeat(120)}: { run: x }\n`;
    const hint =
      "With the flow's id and a dot before it, it is the id of a job, which has at most 128 characters.";
    expect(await faultsOf(text)).toEqual([
      `build.yaml:4:3: The step name "${"b".repeat(57)}..." is too long. ${hint}`,
    ]);
    expect(await faultsOf(text, { ...CONTEXT, id: "longer-id" } as typeof CONTEXT)).toHaveLength(2);
  });

  test("one step too many", async () => {
    expect(await faultsOf(chainOf(10_001))).toEqual([
      "build.yaml:3:3: The flow has 10001 steps; the most are 10000. Make several flows of it, or an array of jobs.",
    ]);
  });

  test("more waits than a store takes, before it would have to find that out", async () => {
    const names = Array.from({ length: 1_500 }, (_, index) => `s${index}`);
    const wide = (index: number) => names.slice(Math.max(0, index - 100), index).join(", ");
    const steps = names.map((name, index) => `  ${name}: { run: x, needs: [${wide(index)}] }\n`);
    const [fault, ...others] = await faultsOf(`name: x\nsteps:\n${steps.join("")}`);
    expect(others).toEqual([]);
    expect(fault).toMatch(
      /^build\.yaml:\d+:3: With the step "s\d+" there are too many waits: steps that wait for several others may have 50,000 in all\. /,
    );
  });

  test("all of it at once, in the order of the text", async () => {
    expect(
      (
        await faultsOf(`
name: x
steps:
  a: { run: 1, needs: [nobody, b] }
  b: { needs: a, timeout: never }
  b: { run: x, colour: red }
`)
      ).map((line) => line.split(" ").slice(0, 4).join(" ")),
    ).toEqual([
      'build.yaml:4:13: The field "run"',
      "build.yaml:4:24: There is no",
      'build.yaml:5:3: The step "b"',
      'build.yaml:5:27: The field "timeout"',
      'build.yaml:6:3: The name "b"',
      'build.yaml:6:16: Unknown field "colour".',
    ]);
  });

  test("every circle, and of the longest its ends", async () => {
    const two =
      "name: x\nsteps:\n  a: { run: x, needs: b }\n  b: { run: x, needs: a }\n  c: { run: x, needs: c }\n";
    expect(await faultsOf(two)).toHaveLength(2);
    expect(await faultsOf(chainOf(5_000).replace("needs: []", "needs: [s4999]"))).toEqual([
      "build.yaml:4:25: Steps wait for each other: s0 → s4999 → s4998 → s4997 → s4996 → s4995 → s4994 → s4993 → s4992 → s4991 → (4989 more) → s1 → s0. Take one of these waits out.",
    ]);
  });

  test("no more of it than can be read", async () => {
    const many = Array.from({ length: 200 }, (_, n) => `  s${n}: { run: x, colour: red }`).join("\n");
    const faults = await faultsOf(`name: x\nsteps:\n${many}\n`);
    expect(faults).toHaveLength(51);
    expect(faults.at(-1)).toBe("… and 150 more.");
  });
});

/** A flow of one step with these fields; they begin at 3:8. */
function step(fields: string): string {
  return `name: x\nsteps:\n  a: { ${fields} }\n`;
}

describe("a file that is made to do harm is refused:", () => {
  test.each<[what: string, text: string, says: string]>([
    ["a hundred thousand brackets", "[".repeat(100_000), "build.yaml:1:65: This is nested more than 64"],
    [
      "as many as fit, all closed",
      `a:\n${"[".repeat(500_000)}${"]".repeat(500_000)}`,
      "build.yaml:2:65: This",
    ],
    ["as many maps", "{a: ".repeat(200_000), "build.yaml:1:257: This is nested more than 64 levels deep"],
    ["as many lists on a line", "- ".repeat(500_000), "build.yaml:1:129: This is nested more than 64 levels"],
    [
      "a hundred levels",
      `name: x\nsteps: ${"[".repeat(100)}${"]".repeat(100)}`,
      "This is nested more than 64 levels deep",
    ],
    [
      "aliases of aliases of aliases, ten times as many at each level",
      bombOf(12, 10),
      "The flow has more than 250000 values, those that stand for others counted",
    ],
    [
      "a million commas",
      `[${",".repeat(1_000_000)}`,
      "build.yaml:1:500001: The file has more than 500000 words and signs",
    ],
    [
      "half a million anchors",
      `a: ${"&a ".repeat(300_000)}`,
      "build.yaml:1:750000: The file has more than 500000 words and signs",
    ],
    ["two hundred thousand tabs", "\t\n".repeat(200_000), ""],
    ["a chain of aliases", bombOf(20_000, 1), "This is nested more than 64 levels deep"],
    ["an alias of itself", "name: &x [*x]", "The alias *x stands for something that it is part of"],
  ])("%s", async (_, text, says) => {
    const faults = await faultsOf(text);
    expect(faults).toEqual([expect.stringMatching(`^build\\.yaml:\\d+:\\d+: `)]);
    expect(faults[0]).toContain(says);
    // What to do about it stands behind what is wrong.
    expect(faults[0]).toMatch(says.startsWith("The alias") || says === "" ? "" : /\. \S.+\.$/);
  });
});

test("a megabyte that is made to do harm costs no more than a flow of the same size", async () => {
  const megabyteOf = (unit: string) => unit.repeat(1_000_000 / unit.length);
  const costOf = async (text: string) => {
    const before = process.threadCpuUsage();
    await parse(text).catch(() => {});
    return process.threadCpuUsage(before).user;
  };
  const steps = Array.from({ length: 9_999 }, (_, index) => `  s${index}:\n    run: "${"x".repeat(75)}"\n`);
  const plain = await costOf(`name: x\nsteps:\n${steps.join("")}`);
  for (const [name, text] of Object.entries({
    anchors: `a: ${megabyteOf("&a ")}`,
    aliases: `a: ${megabyteOf("*a ")}`,
    commas: `[${megabyteOf(",")}`,
  }))
    expect(await costOf(text), name).toBeLessThan(plain);
});

test("what is wrong with a file leaves the stacks of other errors as long as they were", async () => {
  const before = Error.stackTraceLimit;
  await faultsOf("name: [");
  expect(Error.stackTraceLimit).toBe(before);
});

/** Each level is a list of so many aliases of the one before. */
function bombOf(levels: number, width: number): string {
  const lines = Array.from(
    { length: levels },
    (_, level) => `k${level + 1}: &a${level + 1} [${Array(width).fill(`*a${level}`).join(", ")}]`,
  );
  return `k0: &a0 [x]\n${lines.join("\n")}\n`;
}

test("whatever a file holds, it is read or refused with a place in it", async () => {
  const good =
    "name: x\nsteps:\n  a: &a { run: x }\n  b: { run: 'y', needs: [a], env: { A: \"b\" } }\n  c: *a\n";
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "\t",
      "\n",
      "- ",
      ": ",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a",
      "? ",
      "!!",
      "|",
      ">",
      "---\n",
      "%",
      '"',
      "'",
    ),
    fc.constantFrom("<<: ", "~", "__proto__: ", "needs: ", "run: ", "steps:\n", "\u0000", "\ud800", "\ufeff"),
  );
  const spliced = fc
    .tuple(fc.nat(good.length), fc.nat(10), part)
    .map(([at, cut, text]) => good.slice(0, at) + text + good.slice(at + cut));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        spliced,
        fc.array(part).map((parts) => parts.join("")),
      ),
      async (text) => {
        try {
          await parse(text);
        } catch (error) {
          expect(error).toMatchObject({ name: "QueuectlError", code: "invalid_flow" });
          const { message, hint } = error as QueuectlError;
          const faults = message.includes("faults, and") ? (hint ?? "").split("\n") : [message];
          for (const fault of faults) {
            const [, line] = /^build\.yaml:(\d+):\d+: ./.exec(fault) ?? [];
            if (!fault.startsWith("…"))
              expect(Number(line), fault).toBeLessThanOrEqual(text.split("\n").length);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

import { describe, expect, test } from "vitest";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { homeForFile, homeForTest } from "../support/queuectl.ts";

/** What is refused of a single command must leave nothing behind, not even an empty database. */
const home = homeForFile();

const cases: Readonly<Record<string, [args: string[], says: string | RegExp, remedy: string | RegExp][]>> = {
  "times to expire": [
    [["--expires", "soon", "a"], "The option --expires must be seconds or a duration such as 30s", ""],
    [["--expires", "0", "a"], "The job would expire before it may start", "later"],
    [['{"command":"a","expires_at":"2020-01-01T00:00:00Z"}'], "would expire before it may start", "later"],
    [["--expires", "1h", "--delay", "2h", "a"], "would expire before it may start", "later"],
    [
      ["--delay", "1", '{"command":"a","run_at":"2099-01-01T00:00:00Z"}'],
      '"run_at" and "--delay" exclude',
      "",
    ],
    [['{"command":"a","expires_at":"tomorrow"}'], '"expires_at" must be an instant with its zone', ""],
    [['{"command":"a","expires":5,"expires_at":"2099-01-01T00:00:00Z"}'], "exclude each other", "Give one"],
  ],
  "unique names and keys": [
    [["--unique", "", "a"], "The option --unique must be a text of 1 to 128 characters", ""],
    [["--key", " k", "a"], "The option --key begins or ends with a space (U+0020)", "Take it out"],
    [["--unique", "a\nb", "a"], "The option --unique contains a line feed (U+000A)", "Take it out"],
    [["--unique-return", "a"], '"--unique-return" says nothing without "--unique"', 'Give "--unique" too'],
    [['{"command":"a","unique_return":true}'], '"unique_return" says nothing without "unique"', ""],
    [["--key", "x".repeat(129), "a"], "The option --key must be a text of 1 to 128 characters", ""],
    [["--key", "k", "--key-limit", "0", "a"], "The option --key-limit must be a whole number from 1", ""],
    [["--key-limit", "2", "a"], '"--key-limit" says nothing without "--key"', 'Give "--key" too'],
    [['{"command":"a","key":"k","key_limit":-1}'], '"key_limit" must be a whole number from 1', ""],
  ],
  dependencies: [
    [
      ["--after", "nobody", "a"],
      /^queuectl: The job cannot wait for "nobody": there is no such job, array or flow\.$/,
      "queuectl list",
    ],
    [["--after-any", "nobody", "a"], 'cannot wait for "nobody"', "Nothing was enqueued"],
    [["--id", "b", "--after", "nobody", "a"], 'The job "b" cannot wait for "nobody"', "Nothing was"],
    [
      ["--array", "1-3", "--after", "nobody", "a"],
      'The job cannot wait for "nobody"',
      "Nothing was enqueued",
    ],
    [
      ["--array", "1-3", "--id", "arr", "--after", "nobody", "a"],
      'The job "arr.1" cannot wait for "nobody"',
      "Nothing was enqueued",
    ],
    [
      ['[{"command":"x"},{"command":"x","depends_on":["z"]}]'],
      'Entry 2: The job cannot wait for "z"',
      "Nothing was enqueued",
    ],
    [["--after", "", "a"], 'The option --after must be ids of jobs, not ""', ""],
    [["--after", "b,", "a"], 'The option --after must be ids of jobs, not ""', ""],
    [["--after-fail", "a b", "a"], 'The option --after-fail must be ids of jobs, not "a b"', ""],
    [["--id", "me", "--after", "me", "a"], 'The job "me" would wait for itself', "Leave its own id out"],
    [["--after", "b", "--after-fail", "b", "a"], '"b" cannot both complete and fail', "Name it in one"],
    [['{"command":"a","depends_on":{}}'], '"depends_on" must be an id or an array of ids, not an object', ""],
    [
      [
        '[{"id":"a","command":"x","depends_on":["c"]},{"id":"b","command":"x","depends_on":["a"]},{"id":"c","command":"x","after_any":["b"]}]',
      ],
      "Entry 1: The jobs wait for each other in a circle: a → c → b → a",
      "Take one of these",
    ],
    [
      ['[{"id":"a","command":"x"},{"id":"b","command":"x","depends_on":["a","z"]}]'],
      'Entry 2: The job "b" cannot wait for "z"',
      "Nothing was enqueued",
    ],
  ],
  arrays: [
    [
      ["--array", "1-1000000", "a"],
      "The array would have 1000000 jobs, and 100000 are allowed",
      "several arrays",
    ],
    [["--array", "3-1", "a"], 'The array "3-1" cannot be read: the range 3-1 ends before it begins', "1-100"],
    [["--array", "1-9%0", "a"], "after % it takes how many may run at once, from 1", "1-100"],
    [["--array", "", "a"], 'The array "" cannot be read', "1-100"],
    [["--array", "-5", "a"], 'The array "-5" cannot be read: "-5" is no index', "1-100"],
    [["--array", "1,1", "a"], "The array has the index 1 twice", "Each index is one job"],
    [
      ["--array", "1-3", "--max-fails", "0", "a"],
      '--max-fails must be a whole number from 1 to 1000000, not "0"',
      "",
    ],
    [["--array", "1-3", "--max-fails", "4", "a"], "--max-fails 4 can never strike: the array has 3 jobs", ""],
    [["--max-fails", "1", "a"], "--max-fails is for arrays only", "--array or --each-line"],
    [["--array", "1-3", "--each-line", "a {}"], "Both --array and --each-line", "Give one of them"],
    [["--array", "1-3", "--unique", "u", "a"], "The jobs of an array cannot be unique", "Leave it out"],
    [["--array", "1-3", '[{"command":"a"}]'], "An array is made of one job", "--array 1-3 -- ./x {}"],
    [["--array", "1-3", "--file", "jobs.jsonl"], "An array is made of one job", "--array"],
    [["--array", "1-3", "--id", "a/b", "a"], 'job id "a/b" is not allowed', "letters, digits"],
    [
      ["--array", "1-3", "--id", "x".repeat(127), "a"],
      /Index 1: The job id "x+\.\.\." is not allowed/,
      "128",
    ],
    [["--array", "1-3"], "There is nothing to enqueue", "Give a command"],
    [["--array", "1-3", '{"command":""}'], '"command" is empty', "Give the shell command"],
  ],
  lines: [
    [["--each-line", "echo"], "There is no {} in the command for a line to stand in", "-- ./x {}"],
    [["--each-line", "echo x # {}"], "There is no {} in the command for a line to stand in", "-- ./x {}"],
    [["--each-line", "--", "echo", "{"], "There is no {} in the command", "-- ./x {}"],
    [["--each-line", 'echo "{}"'], 'The {} of the command stands within "…"', "quoted by itself"],
    [["--each-line", "echo `cat {}`"], "stands in a command with backticks", "words after --"],
    [
      ["--each-line", "--after", "nobody", "a {}"],
      'The job cannot wait for "nobody"',
      "Nothing was enqueued",
    ],
    [["--each-line", "-"], "An array is made of one job", "Give a command"],
    [["--each-line", "--unique", "u", "a {}"], "The jobs of an array cannot be unique", "Leave it out"],
    [
      ["--each-line", "--max-fails", "x", "a {}"],
      '--max-fails must be a whole number from 1 to 1000000, not "x"',
      "",
    ],
  ],
};

describe.each(Object.entries(cases))("%s:", (_, lines) => {
  test.each(lines.map(([args, says, remedy]) => ({ args, says, remedy })))("enqueue $args", async (line) => {
    home.write("jobs.jsonl", '{"command":"a"}\n');
    const result = await home.run(["enqueue", ...line.args], { stdin: "a line\n" });
    expectRefusal(result, { exitCode: 1, says: line.says, remedy: line.remedy });
  });
});

test("none of them made a database", () => {
  expect(home.files().filter((name) => name !== "work/jobs.jsonl")).toEqual(["work"]);
});

test("with --json a refusal is an object with a code", async () => {
  const coded = async (args: string[], code: string) =>
    expectJsonRefusal(await home.run(["enqueue", "--json", ...args]), { exitCode: 1, code });
  await coded(["--after", "nobody", "a"], "unknown_dependency");
  await coded(["--id", "me", "--after", "me", "a"], "dependency_cycle");
  await coded(["--key-limit", "1", "a"], "invalid_job");
  await coded(["--array", "x", "a"], "invalid_usage");
});

test("in a store that has jobs, what is refused adds nothing", async () => {
  const mine = homeForTest();
  await mine.ok("enqueue", "--id", "a", "--unique", "u", "true");
  await mine.ok("enqueue", "--array", "1-2", "--id", "arr", "true");
  const refused = async (args: string[], says: string | RegExp, stdin = "") =>
    expectRefusal(await mine.run(["enqueue", ...args], { stdin }), { exitCode: 1, says });
  await refused(
    ["--unique", "u", "b"],
    'Cannot enqueue the job: the job "a" of the unique name "u" is unfinished',
  );
  await refused(
    ["--unique", "u", "--id", "mine", "b"],
    'Cannot enqueue the job "mine": the job "a" of the unique name "u" is unfinished',
  );
  await refused(
    ['[{"command":"b"},{"command":"c","unique":"u"}]'],
    /^queuectl: Entry 2: .*"u" is unfinished/,
  );
  const twins = '{"command":"b","unique":"v"}\n{"command":"c","unique":"v"}\n';
  await refused(["-"], 'Line 2: Cannot enqueue the job: the unique name "v" stands twice in the list', twins);
  await refused(["--after", "a,nobody", "b"], 'The job cannot wait for "nobody"');
  await refused(["--id", "arr", "b"], 'Cannot enqueue the job "arr": an array has this id');
  await refused(["--array", "1-2", "--id", "a", "b"], 'Cannot enqueue the array "a": this id exists already');
  await refused(
    ["--array", "1-2", "--id", "arr", "b"],
    'Cannot enqueue the array "arr": this id exists already',
  );
  await refused(["--each-line", "--id", "arr", "b {}"], 'the array "arr": this id exists already', "x\n");
  await refused(
    ["-"],
    'Line 3: The job "y" cannot wait for "z"',
    '\n{"command":"x"}\n{"id":"y","command":"y","depends_on":["z"]}\n',
  );
  await refused(
    ["-"],
    "Line 1: The jobs wait for each other in a circle: p → q → p",
    '{"id":"p","command":"x","depends_on":["q"]}\n{"id":"q","command":"x","depends_on":["p"]}\n',
  );
  await refused(
    ["--each-line", "--", "x", "{}"],
    'Line 2: The job field "argv" contains a NUL character',
    "a\nb\0c\n",
  );
  await refused(["--each-line", "--", "x", "{}"], "There is no line in standard input", "\n \n");
  await refused(["--each-line", "--", "x", "{}"], "There is no line in standard input", "");
  await mine.ok("queue", "set", "media", "--concurrency", "1");
  await mine.ok("queue", "drain", "--no-wait", "media");
  await refused(["--queue", "media", "b"], 'Cannot enqueue the job: the queue "media" is draining');
  await refused(
    ["--each-line", "--queue", "media", "b {}"],
    'Line 2: Cannot enqueue the job: the queue "media" is draining',
    "\nx\n",
  );
  expect((await mine.json<{ id: string }[]>("list")).map(({ id }) => id)).toEqual(["a", "arr.1", "arr.2"]);
});

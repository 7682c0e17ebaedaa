import { describe, expect, test } from "vitest";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { homeForFile } from "../support/queuectl.ts";

/** What is refused must leave nothing behind; the count of the jobs is looked at after each group. */
const home = homeForFile();

const cases: Readonly<Record<string, [args: string[], says: string | RegExp, remedy: string | RegExp][]>> = {
  "text that is not JSON, though it begins like it": [
    [['{"command":"x"'], "This is not valid JSON", /--command '…'/],
    [['  [{"command":"x"},]'], "This is not valid JSON", /begins with \[: queuectl enqueue --command/],
    [["{ echo a; }"], "This is not valid JSON", "queuectl enqueue --command"],
  ],
  "JSON that lost its quotes on the way through a shell": [
    // PowerShell 5 and sh, whose double quotes were not escaped; then the same with a space, which comes as two words.
    [["{command:hello}"], "This is not valid JSON", /lost its quotes[\s\S]*PowerShell[\s\S]*cmd/],
    [["{id:job1,command:echo hello}"], "This is not valid JSON", /lost its quotes/],
    [["{command:echo", "hello}"], "2 separate words", /lost its quotes/],
    // cmd hands single quotes on and takes double quotes away.
    [["'{command:echo", "hello}'"], "2 separate words", /lost its quotes/],
    [["[{command:hello}]"], "This is not valid JSON", /lost its quotes/],
  ],
  "nothing, or too much": [
    [[], "There is nothing to enqueue", 'queuectl enqueue "echo hello"'],
    [[""], `"command" is empty`, "Give the shell command"],
    [[" \t\n"], `"command" is empty`, "Give the shell command"],
    [["--command", ""], `"command" is empty`, "Give the shell command"],
    [["--"], "There is no command after --", "queuectl enqueue -- echo hello"],
    [["--", ""], `The first entry of "argv" is empty`, "program"],
    [["echo", "hello"], "The command came as 2 separate words", "queuectl enqueue -- echo hello"],
    [["--command", "a", "b"], "more than one way", "Give one of"],
    [["--file", "x", "--", "a"], "more than one way", "Give one of"],
    [["[]"], "The list of jobs is empty", "at least one"],
  ],
  "jobs that are none": [
    [["{}"], `A job needs a "command"`, '{"command":"echo hello"}'],
    [['{"command":" "}'], `"command" is empty`, "Give the shell command"],
    [['{"command":5}'], '"command" must be a string, not 5', ""],
    [['{"command":["echo"]}'], '"command" must be a string, not an array', ""],
    [['{"command":"a\\u0000b"}'], /"command" contains a NUL/, "No command"],
    [['{"command":"a\\ud800"}'], /"command" is not valid Unicode/, "surrogate"],
    [['{"command":"a","argv":[]}'], /"argv" must be an array of one or more strings/, ""],
    [['{"command":"a","argv":["b"]}'], "say different things", "Give one of them"],
    [["[[]]"], "Entry 1: A job must be a JSON object, not an empty array", "command"],
    [['[{"command":"a"},null]'], "Entry 2: A job must be a JSON object, not null", "command"],
    [['[{"command":"a"},{"command":3},{"command":"c"}]'], 'Entry 2: The job field "command"', ""],
  ],
  "unknown fields and wrong types, by name": [
    [
      ['{"command":"a","comand":"b"}'],
      'Unknown job field "comand"',
      "Did you mean command? The fields are: id, command",
    ],
    [['{"command":"a","__proto__":{}}'], 'Unknown job field "__proto__"', "The fields are"],
    [['{"command":"a","dependson":["b"]}'], 'Unknown job field "dependson"', "Did you mean depends_on?"],
    [['{"command":"a","max_retries":"3"}'], '"max_retries" must be a whole number from 0', ""],
    [['{"command":"a","max_retries":1.5}'], '"max_retries" must be a whole number from 0', ""],
    [['{"command":"a","priority":true}'], '"priority" must be a whole number', ""],
    [['{"command":"a","timeout":{}}'], '"timeout" must be seconds or a duration', ""],
    [['{"command":"a","tags":"x"}'], '"tags" must be an array of strings', ""],
    [['{"command":"a","tags":[1]}'], '"tags" must be strings', ""],
    [['{"command":"a","env":["A=1"]}'], '"env" must be an object of names and strings', ""],
    [['{"command":"a","env":{"A":1}}'], '"env.A" must be a string', ""],
    [['{"command":"a","env":{"A=B":"1"}}'], 'variable name "A=B" is not allowed', 'no "="'],
    [['{"command":"a","cwd":""}'], `"cwd" is empty`, "Give a directory"],
    [['{"command":"a","run_at":5}'], '"run_at" must be an instant', ""],
    [['{"command":"a","timeout":1,"timeout_seconds":1}'], "exclude each other", "Give one of them"],
    [['{"command":"a","run_at":"2099-01-01T00:00:00Z","delay":1}'], "exclude each other", "Give one of them"],
  ],
  "read-only fields at other than their initial values": [
    [
      ['{"command":"a","state":"completed"}'],
      '"state" is kept by queuectl and cannot be set to "completed"',
      'Leave "state" out',
    ],
    [['{"command":"a","attempts":1}'], '"attempts" is kept by queuectl and cannot be set to 1', "Leave"],
    [['{"command":"a","exit_code":0}'], '"exit_code" is kept by queuectl', "Leave"],
    [['{"command":"a","created_at":"yesterday"}'], '"created_at" is kept by queuectl', "Leave"],
  ],
  "negative and absurd values": [
    [
      ['{"command":"a","max_retries":-1}'],
      '"max_retries" must be a whole number from 0 to 1000000, not -1',
      "",
    ],
    [
      ["--max-retries", "-1", "a"],
      "option --max-retries must be a whole number from 0 to 1000000, not -1",
      "",
    ],
    [["--max-retries", "99999999999", "a"], "option --max-retries must be", ""],
    [
      ["--max-retries", "many", "a"],
      'The option --max-retries must be a whole number from 0 to 1000000, not "many"',
      "",
    ],
    [["--priority", "1e9", "a"], "option --priority must be", ""],
    [["--backoff-base", "-0.5", "a"], "option --backoff-base must be a number from 0", ""],
    [["--timeout", "-5", "a"], "option --timeout must be seconds or a duration", ""],
    [["--timeout", "200000d", "a"], /option --timeout must be .*at most 100 years/, ""],
    [["--timeout", "soon", "a"], "The option --timeout must be", ""],
    [["--delay", "-1", "a"], "The option --delay must be", ""],
    [["--run-at", "2099-02-30T00:00:00Z", "a"], "option --run-at must be an instant", ""],
    [["--run-at", "2099-01-01T00:00:00", "a"], /--run-at must be an instant .*: its zone is missing\.$/, ""],
    [["--run-at", "2099-01-01 03:00 Mars/Base", "a"], 'There is no time zone "Mars/Base"', "Europe/Rome"],
    [["--queue", "no spaces", "a"], 'queue name "no spaces" is not allowed', "letters, digits"],
    [["--tag", "", "a"], "option --tag must be strings of 1 to 128 characters", ""],
    [["--env", "NOVALUE", "a"], "--env NOVALUE has no value", "--env NAME=VALUE"],
    [["--env", "=x", "a"], "--env =x has no value", "--env NAME=VALUE"],
    [["--id", "", "a"], /job id "" is not allowed/, "letters, digits"],
    [["--id", "-x", "a"], /job id "-x" is not allowed/, "the first a letter or digit"],
    [["--id", "a/b", "a"], /job id "a\/b" is not allowed/, "letters, digits"],
    [["--id", "@last", "a"], /job id "@last" is not allowed/, "letters, digits"],
    [["--id", "x".repeat(129), "a"], /job id "x+\.\.\." is not allowed/, "1 to 128"],
  ],
};

describe.each(Object.entries(cases))("%s", (_, lines) => {
  test.each(lines.map(([args, says, remedy]) => ({ args, says, remedy })))("enqueue $args", async (line) => {
    const result = await home.run(["enqueue", ...line.args]);
    expectRefusal(result, { exitCode: 1, says: line.says, remedy: line.remedy });
  });
});

test("nothing was enqueued by any of them", async () => {
  expect(await home.json("list")).toEqual([]);
});

test("an id that exists already is refused, and in an array nothing of it is enqueued", async () => {
  await home.ok("enqueue", "--id", "taken", "a");
  const exists = { exitCode: 1, says: 'Cannot enqueue the job "taken": this id exists already' };
  const remedy = /Choose another id.*queuectl info taken/;
  expectRefusal(await home.run(["enqueue", "--id", "taken", "b"]), { ...exists, remedy });
  const array = '[{"id":"fresh","command":"a"},{"id":"taken","command":"b"}]';
  expectRefusal(await home.run(["enqueue", array]), {
    ...exists,
    says: 'Entry 2: Cannot enqueue the job "taken"',
  });
  const twice = '[{"id":"twin","command":"a"},{"id":"other","command":"b"},{"id":"twin","command":"c"}]';
  const twin = await home.run(["enqueue", twice]);
  expectRefusal(twin, {
    exitCode: 1,
    says: 'Entry 3: Cannot enqueue the job "twin": this id stands twice in the list.',
    remedy: "Nothing was enqueued.",
  });
  expect(twin.stderr, "there is no such job to look at").not.toContain("queuectl info");
  expect(await home.ok("list")).toMatch(/^taken\ta\t.*\n$/);
});

test("with --json a refusal is an object with a code", async () => {
  const coded = async (args: string[], code: string) =>
    expectJsonRefusal(await home.run(["enqueue", "--json", ...args]), { exitCode: 1, code });
  await coded(["{"], "invalid_json");
  await coded(['{"command":""}'], "invalid_job");
  await coded(["[]"], "invalid_job");
  await coded(["a", "b"], "invalid_usage");
  await coded(["--file", "absent.jsonl"], "invalid_file");
  await coded(["--id", "taken", "b"], "duplicate_id");
});

import { expect, test } from "vitest";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import type { ShownJob } from "../support/job-json.ts";
import { homeForTest } from "../support/queuectl.ts";

const line = (id: string, command = "true") => JSON.stringify({ id, command });

test("one job a line is read from a file or from standard input, and counted at the end", async () => {
  const home = homeForTest();
  const file = home.write("jobs.jsonl", `${line("a1")}\n${line("a2")}\n`);
  expect(await home.ok("enqueue", "--file", file)).toBe("✅ 2 jobs enqueued successfully.\n");

  const piped = await home.run(["enqueue", "-"], { stdin: line("b1") });
  expect(piped).toMatchObject({ exitCode: 0, stdout: "✅ 1 job enqueued successfully.\n" });
  const named = await home.run(["enqueue", "--file", "-", "--quiet"], {
    stdin: `${line("c1")}\n${line("c2")}`,
  });
  expect(named).toMatchObject({ exitCode: 0, stdout: "c1\nc2\n", stderr: "" });
  const json = await home.run(["enqueue", "-", "--json", "--priority", "5"], { stdin: `${line("d1")}\n` });
  expect(JSON.parse(json.stdout)).toMatchObject([{ id: "d1", priority: 5 }]);

  expect((await home.json<ShownJob[]>("list")).map(({ id }) => id)).toEqual([
    "a1",
    "a2",
    "b1",
    "c1",
    "c2",
    "d1",
  ]);
});

test("blank lines, CRLF, a byte order mark and an array over many lines are read as they are meant", async () => {
  const home = homeForTest();
  const windows = home.write("windows.jsonl", `\ufeff${line("w1", "écho")}\r\n\r\n${line("w2")}\r\n`);
  const array = home.write("array.json", `\ufeff\n[\n  ${line("x1")},\n\n  ${line("x2", "a\nb")}\n]\n`);
  expect(await home.ok("enqueue", "--file", windows, "--quiet")).toBe("w1\nw2\n");
  expect(await home.ok("enqueue", "--file", array, "--quiet")).toBe("x1\nx2\n");
  const commands = (await home.json<ShownJob[]>("list")).map(({ command }) => command);
  expect(commands).toEqual(["écho", "true", "true", "a\nb"]);
});

test("many jobs from a pipe arrive whole and in order", async () => {
  const home = homeForTest();
  const ids = Array.from({ length: 2_500 }, (_, index) => `many-${index}`);
  const { exitCode, stdout } = await home.run(["enqueue", "-", "--quiet"], {
    stdin: ids.map((id) => line(id)).join("\n"),
  });
  expect({ exitCode, ids: stdout.trimEnd().split("\n") }).toEqual({ exitCode: 0, ids });
  expect((await home.json<ShownJob[]>("list")).map(({ id }) => id)).toEqual(ids);
});

test("one bad line refuses the whole file, with the line's number", async () => {
  const home = homeForTest();
  await home.ok("enqueue", "--id", "taken", "first");
  const refused = async (
    content: string | Uint8Array,
    says: string | RegExp,
    remedy: string | RegExp = "",
  ) => {
    const file = home.write("jobs.jsonl", content);
    expectRefusal(await home.run(["enqueue", "--file", file]), { exitCode: 1, says, remedy });
    expectRefusal(await home.run(["enqueue", "-"], { stdin: content }), { exitCode: 1, says: "" });
  };
  await refused(
    `${line("n1")}\n{"id":"n2",\n${line("n3")}\n`,
    /Line 2 of jobs\.jsonl is not valid JSON/,
    "Nothing was enqueued",
  );
  await refused(
    `\n\n${line("n1")}\r\n\r\necho hello\n`,
    "Line 5 of jobs.jsonl is not valid JSON",
    "Nothing was enqueued",
  );
  await refused(`${line("n1")}\n\n{"id":"n2"}\n`, 'Line 3: A job needs a "command"', "command");
  await refused(
    `${line("n1")}\n{"command":"a","oops":1}\n`,
    'Line 2: Unknown job field "oops"',
    "The fields are",
  );
  await refused(`${line("n1")}\n[${line("n2")}]\n`, "Line 2: A job must be a JSON object, not an array");
  await refused(
    `\n${line("n1")}\n\n\n${line("n2")}\n${line("n1")}\n\n`,
    'Line 6: Cannot enqueue the job "n1": this id stands twice in the list.',
    /^((?!queuectl info)[\s\S])*Nothing was enqueued\.$/,
  );
  await refused(
    `\n${line("n1")}\n${line("taken")}\n`,
    'Line 3: Cannot enqueue the job "taken": this id exists already.',
    "The existing job: queuectl info taken",
  );
  const invalid = Buffer.concat([
    Buffer.from(`${line("n1")}\n{"command":"`),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}\n'),
  ]);
  await refused(invalid, "Line 2 of jobs.jsonl is not valid UTF-8", "Nothing was enqueued");
  expect(await home.json("list")).toMatchObject([{ id: "taken", command: "first" }]);
});

test("one bad entry refuses a whole array, with the entry's number", async () => {
  const home = homeForTest();
  const refused = async (content: string, says: string | RegExp) => {
    const file = home.write("jobs.json", content);
    expectRefusal(await home.run(["enqueue", "--file", file]), { exitCode: 1, says });
  };
  await refused(`[\n${line("n1")},\n{"command":1}\n]`, 'Entry 2: The job field "command"');
  await refused(`\n[\n\n${line("n1")},\n${line("n1")}]`, 'Entry 2: Cannot enqueue the job "n1"');
  await refused(`[${line("n1")}`, "The array in jobs.json is not valid JSON");
  await refused(`[${line("n1")}]\n${line("n2")}\n`, "The array in jobs.json is not valid JSON");
  expect(await home.json("list")).toEqual([]);
});

test("a file that is empty, absent, or no file is refused with its name", async () => {
  const home = homeForTest();
  const refused = async (args: string[], says: string, remedy: string, stdin?: string) => {
    const result = await home.run(["enqueue", ...args], stdin === undefined ? {} : { stdin });
    expectRefusal(result, { exitCode: 1, says, remedy });
  };
  await refused(
    ["--file", home.write("empty.jsonl", "")],
    "There is no job in empty.jsonl",
    "one JSON job a line",
  );
  await refused(
    ["--file", home.write("blank.jsonl", "\n \r\n")],
    "There is no job in blank.jsonl",
    "one JSON job a line",
  );
  await refused(
    ["--file", home.write("none.json", "[]")],
    "There is no job in none.json",
    "one JSON job a line",
  );
  await refused(["-"], "There is no job in standard input", "one JSON job a line", "");
  await refused(["--file", "absent.jsonl"], "Cannot read absent.jsonl: there is no such file", "Name a file");
  await refused(["--file", "."], "Cannot read .: it is a directory", "Name a file");
  await refused(["--file"], "The option --file needs a value", "");
  expectJsonRefusal(await home.run(["enqueue", "--file", "absent.jsonl", "--json"]), {
    exitCode: 1,
    code: "invalid_file",
  });
  expect(await home.json("list")).toEqual([]);
});

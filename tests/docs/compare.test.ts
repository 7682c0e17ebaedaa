import { describe, expect, test } from "vitest";
import { matches } from "./compare.ts";
import { parseDocument } from "./documents.ts";
import { readSteps } from "./session.ts";

describe("the comparison of a document with what is printed", () => {
  test.each([
    ["an age", "done 2s ago", "done 14s ago"],
    ["an instant", "2026-11-25T13:20:15.897Z", "2031-01-01T00:00:00.001Z"],
    ["a measured duration", "took 15 ms, by w-anf48k", "took 1.2 s, by w-000000"],
    [
      "what it cost",
      "took 2 s, 1 ms of CPU, at most 1.4 MiB in memory, by w-anf48k",
      "took 2 s, by w-000000",
    ],
    ["process ids", "Worker PIDs: 1, 2", "Worker PIDs: 31234, 31299"],
    ["a generated id", "ID: m3ztab9614", "ID: 0123456789"],
    ["the width of a column", "a  b", "a       b"],
    ["what is left out", "Log: …/workers.log", "Log: /home/ada/.queuectl/queue.db.d/workers.log"],
  ])("lets %s differ", (_, shown, printed) => {
    expect(matches([shown], [printed])).toBe(true);
  });

  test.each([
    ["another word", "completed", "dead"],
    ["another count", "completed : 1", "completed : 2"],
    ["another setting", "It may run for 5 min", "It may run for 6 min"],
    ["a missing beginning", "Job a failed", "a failed"],
    ["a space where there was none", "ab", "a b"],
    ["a character that means something in a pattern", "a.b", "axb"],
  ])("sees %s", (_, shown, printed) => {
    expect(matches([shown], [printed])).toBe(false);
  });

  test("sees a line more and a line less", () => {
    expect(matches(["a"], ["a", "b"])).toBe(false);
    expect(matches(["a", "b"], ["a"])).toBe(false);
    expect(matches([], ["a"])).toBe(false);
  });

  test("lets any lines stand for … alone, and goes on after them", () => {
    expect(matches(["a", "…", "d"], ["a", "b", "c", "d"])).toBe(true);
    expect(matches(["a", "…", "d"], ["a", "d"])).toBe(true);
    expect(matches(["a", "…"], ["a"])).toBe(true);
    expect(matches(["a", "…", "d"], ["a", "b", "c"])).toBe(false);
  });
});

describe("reading a console block", () => {
  test("tells commands, what goes on with them, their exit code and their output apart", () => {
    const text = "$ one <<E\n> text\n> E\nout\n> more\n\n$ two # exit code 4\n$ three # after a moment";
    expect(readSteps(text)).toEqual([
      { command: "one <<E\ntext\nE", shown: ["out", "> more"], exitCode: 0, isAfterMoment: false },
      { command: "two # exit code 4", shown: [], exitCode: 4, isAfterMoment: false },
      { command: "three # after a moment", shown: [], exitCode: 0, isAfterMoment: true },
    ]);
  });

  test("refuses one that begins with output", () => {
    expect(() => readSteps("out\n$ one")).toThrow("begins with a command");
  });
});

test("a block is found with its line and the reason why it is not run, in a list too", () => {
  const source =
    "# A\n\n```sh\none\n```\n\n- b\n\n  <!-- not run: needs systemd -->\n\n  ```sh\n  two\n  ```\n\n<!-- not run: -->\n\n```sh\nthree\n```\n";
  expect(parseDocument("a.md", source).blocks).toEqual([
    { language: "sh", text: "one", line: 4, notRun: null },
    { language: "sh", text: "two", line: 12, notRun: "needs systemd" },
    { language: "sh", text: "three", line: 18, notRun: "" },
  ]);
});

import { describe, expect, test } from "vitest";
import type { Invocation } from "./command.ts";
import { parse } from "./parse.ts";

function invocationOf(...argv: string[]): Invocation {
  const parsed = parse(argv);
  if (parsed.kind !== "run") throw new Error(`${argv.join(" ")} means ${parsed.kind}`);
  return parsed.invocation;
}

/** What is worth looking at of a command line that runs. */
function summaryOf(...argv: string[]): object {
  const { command, args, rest } = invocationOf(...argv);
  return { verb: command.path.join(" "), args, rest };
}

describe("what a command line means", () => {
  test("a verb, its words, and what follows --", () => {
    expect(summaryOf("list")).toEqual({ verb: "list", args: [], rest: null });
    expect(summaryOf("dlq", "retry", "a", "b")).toEqual({ verb: "dlq retry", args: ["a", "b"], rest: null });
    expect(summaryOf("enqueue", "--id", "x", "--", "ls", "--json", "--", "-1")).toEqual({
      verb: "enqueue",
      args: [],
      rest: ["ls", "--json", "--", "-1"],
    });
    expect(summaryOf("enqueue", "--")).toEqual({ verb: "enqueue", args: [], rest: [] });
    expect(summaryOf("enqueue", "-")).toEqual({ verb: "enqueue", args: ["-"], rest: null });
  });

  test("aliases are the verbs they stand for", () => {
    expect(summaryOf("show", "a")).toMatchObject({ verb: "info" });
    expect(summaryOf("dlq", "rm", "a")).toMatchObject({ verb: "dlq remove" });
    expect(summaryOf("worker", "list")).toMatchObject({ verb: "worker status" });
    expect(summaryOf("config", "show")).toMatchObject({ verb: "config list" });
  });

  test("options stand before, between and after the words of the verb", () => {
    for (const argv of [
      ["--db", "x.db", "--json", "dlq", "retry", "a"],
      ["dlq", "--db=x.db", "retry", "--json", "a"],
      ["dlq", "retry", "a", "--json", "--db", "x.db"],
    ]) {
      const { options, args } = invocationOf(...argv);
      expect([options.text("db"), options.has("json"), args]).toEqual(["x.db", true, ["a"]]);
    }
  });

  test("an option that repeats has all its values, and a switch may be given twice", () => {
    const { options } = invocationOf("enqueue", "--tag", "a", "--quiet", "--tag=b", "--quiet", "true");
    expect([options.has("quiet"), options.all("tag"), options.all("env")]).toEqual([true, ["a", "b"], []]);
    expect([options.has("tag"), options.has("env"), options.text("env")]).toEqual([true, false, undefined]);
  });

  test("a negative number is a value, never an option", () => {
    expect(invocationOf("enqueue", "--priority", "-5", "a").options.text("priority")).toBe("-5");
    expect(summaryOf("config", "set", "max-retries", "-12")).toMatchObject({ args: ["max-retries", "-12"] });
    expect(summaryOf("config", "set", "backoff-base", "-.5")).toMatchObject({
      args: ["backoff-base", "-.5"],
    });
    expect(summaryOf("enqueue", "-1", "-1")).toMatchObject({ args: ["-1", "-1"] });
  });

  test("help and version win over whatever else is there", () => {
    expect(parse(["list", "--frobnicate", "--help"])).toMatchObject({ kind: "help", topic: ["list"] });
    expect(parse(["help", "dlq", "retry"])).toMatchObject({ kind: "help", topic: ["dlq", "retry"] });
    expect(parse(["-h"])).toMatchObject({ kind: "help", topic: [] });
    expect(parse([])).toEqual({ kind: "first_steps" });
    expect(parse(["--json"])).toEqual({ kind: "first_steps" });
    expect(parse(["worker"])).toMatchObject({ kind: "help", topic: ["worker"] });
    expect(parse(["worker", "help"])).toMatchObject({ kind: "help", topic: ["worker"] });
    expect(parse(["frobnicate", "--version"])).toEqual({ kind: "version" });
    expect(summaryOf("enqueue", "--", "ls", "--help")).toMatchObject({ rest: ["ls", "--help"] });
  });
});

describe("what is refused", () => {
  test.each([
    [["frobnicate"], 'Unknown command "frobnicate"'],
    [["dlq", "frob"], 'Unknown command "dlq frob"'],
    [["--frobnicate"], "Unknown option --frobnicate"],
    [["list", "--frobnicate"], "queuectl list has no option --frobnicate"],
    [["list", "--tag", "a"], "queuectl list has no option --tag"],
    [["list", "-s", "dead"], "queuectl list has no option -s"],
    [["list", "--state"], "The option --state needs a value: --state STATE"],
    [["list", "--state", "--json"], "The option --state needs a value, but --json follows"],
    [["list", "--json=no"], "The option --json takes no value"],
    [["info"], "queuectl info needs ID"],
    [["queue", "pause"], "queuectl queue pause needs NAME"],
    [["enqueue", "--key", "a", "--key", "b", "x"], "The option --key was given twice"],
    [["enqueue", "--key", "a", "--tag", "t", "--key=a", "x"], "The option --key was given twice"],
    [["--db", "a", "list", "--db", "b"], "The option --db was given twice"],
    [["info", "a", "b"], 'queuectl info does not know what to do with "b"'],
    [["list", "--", "a"], "queuectl list takes nothing after --"],
  ])("%j", (argv, message) => {
    expect(() => parse(argv)).toThrow(expect.objectContaining({ code: "invalid_usage", message }));
  });

  test.each([
    ["queue show", "Did you mean queuectl queue list?"],
    ["queue remove", "Did you mean queuectl queue set or queuectl queue drain?"],
  ])("%s, which others have, leads to what does it here", (words, hint) => {
    expect(() => parse(words.split(" "))).toThrow(expect.objectContaining({ code: "invalid_usage", hint }));
  });

  test("a value that begins with two hyphens is given behind an equals sign", () => {
    expect(invocationOf("enqueue", "--stdin=--json", "cat").options.text("stdin")).toBe("--json");
  });
});

import { describe, expect, test } from "vitest";
import { suggest } from "./suggest.ts";

const VERBS = ["enqueue", "worker", "status", "list", "info", "logs", "dlq", "config"];

describe("what was meant by a mistyped name", () => {
  test.each([
    ["enqeue", ["enqueue"]],
    ["enqueu", ["enqueue"]],
    ["enqueuee", ["enqueue"]],
    ["statsu", ["status"]],
    ["wroker", ["worker"]],
    ["lgos", ["logs"]],
    ["lst", ["list"]],
    ["dql", ["dlq"]],
    ["conf", ["config"]],
    ["work", ["worker"]],
    ["status", ["status"]],
  ])("%s: %j", (typed, expected) => {
    expect(suggest(typed, VERBS)).toEqual(expected);
  });

  test.each(["", "x", "lg", "frobnicate", "xyzzy", "STATUS"])("nothing is near to %j", (typed) => {
    expect(suggest(typed, VERBS)).toEqual([]);
  });

  test("comes best first, and no more than asked for", () => {
    const names = ["max-tris", "max-retrees", "max-retries", "min-retriest"];
    expect(suggest("max-retris", names)).toEqual(["max-retries", "max-tris", "max-retrees"]);
    expect(suggest("max-retris", names, 1)).toEqual(["max-retries"]);
  });

  test("has nothing to choose from in an empty list", () => {
    expect(suggest("status", [])).toEqual([]);
  });
});

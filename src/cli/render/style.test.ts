import { expect, test } from "vitest";
import { fakeIo } from "../../../tests/support/fake-io.ts";
import { parse } from "../parse.ts";
import { painter } from "./style.ts";

function isPainted(env: Record<string, string>, flags: string[], columns: number | undefined): boolean {
  const parsed = parse(["list", ...flags]);
  if (parsed.kind !== "run") throw new Error("not a command line that runs");
  const io = fakeIo(columns === undefined ? { env } : { env, columns });
  return painter(io, parsed.invocation.options)("red", "x") !== "x";
}

test.each<[Record<string, string>, string[], terminal: boolean, pipe: boolean]>([
  [{}, [], true, false],
  [{}, ["--no-color"], false, false],
  [{ NO_COLOR: "1" }, [], false, false],
  [{ NO_COLOR: "" }, [], true, false],
  [{ TERM: "dumb" }, [], false, false],
  [{ TERM: "xterm" }, [], true, false],
  [{ FORCE_COLOR: "1" }, [], true, true],
  [{ FORCE_COLOR: "1", TERM: "dumb" }, [], true, true],
  [{ FORCE_COLOR: "0" }, [], false, false],
  [{ FORCE_COLOR: "1", NO_COLOR: "1" }, [], false, false],
  [{ FORCE_COLOR: "1" }, ["--no-color"], false, false],
])("with %j and %j a terminal is coloured: %s, a pipe: %s", (env, flags, terminal, pipe) => {
  expect([isPainted(env, flags, 80), isPainted(env, flags, undefined)]).toEqual([terminal, pipe]);
});

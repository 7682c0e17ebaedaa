import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quoteArgv } from "./shell-quote.ts";

/** Has the shell itself read each text as the arguments of a command; one process for all of them. */
function readByShell(texts: readonly string[]): string[][] {
  const script = texts.map((text) => `printf '%s\\0' ${text}; printf '\\n\\0'`).join("\n");
  const { stdout, status } = spawnSync("/bin/sh", { input: script, encoding: "utf8" });
  expect(status).toBe(0);
  const argvs: string[][] = [[]];
  for (const arg of stdout.split("\0").slice(0, -1)) {
    if (arg === "\n") argvs.push([]);
    else argvs.at(-1)?.push(arg);
  }
  return argvs.slice(0, -1);
}

describe("a quoted argument list", () => {
  test.each([
    [["echo", "hello"], "echo hello"],
    [
      ["ls", "-la", "/tmp/a_b.c", "user@host:x", "k=v", "50%", "a+b,c"],
      "ls -la /tmp/a_b.c user@host:x k=v 50% a+b,c",
    ],
    [["echo", ""], "echo ''"],
    [["echo", "a b"], "echo 'a b'"],
    [["echo", "it's"], "echo 'it'\\''s'"],
    [["echo", "$HOME", "`id`", "*", "~", "a;b", "#", "!"], "echo '$HOME' '`id`' '*' '~' 'a;b' '#' '!'"],
    [["echo", "a\nb"], "echo 'a\nb'"],
    [["echo", "ü🎉"], "echo 'ü🎉'"],
  ])("of %j is %s", (argv, text) => {
    expect(quoteArgv(argv)).toBe(text);
  });

  test("never begins with what the shell would take for an assignment", () => {
    expect(quoteArgv(["FOO=bar", "true"])).toBe("'FOO=bar' true");
  });

  test("is read by a shell as the same arguments", () => {
    const special = fc.constantFrom(..."'\"\\$`*?[]{}()<>|&;#~!=% \t\n\r-", "''", "\\'", "ü", "🎉");
    const arg = fc
      .oneof(fc.string(), fc.string({ unit: special }), fc.string({ unit: "grapheme" }))
      .filter((text) => !text.includes("\0") && text !== "\n");
    const argvs = fc.array(fc.array(arg, { minLength: 1, maxLength: 6 }), { minLength: 50, maxLength: 100 });
    fc.assert(
      fc.property(argvs, (lists) => {
        expect(readByShell(lists.map((argv) => quoteArgv(argv)))).toEqual(lists);
      }),
      { numRuns: 20 },
    );
  });
});

import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fillShellText,
  fillWords,
  findUnsafePlaceholder,
  hasPlaceholder,
  hasShellPlaceholder,
} from "./placeholder.ts";

test("a value takes the place of {} in every word, as it is", () => {
  expect(fillWords(["cp", "{}", "/to/{}.bak", "{", "$&"], "a b$&")).toEqual([
    "cp",
    "a b$&",
    "/to/a b$&.bak",
    "{",
    "$&",
  ]);
});

test("in shell text it is quoted where it has to be", () => {
  expect(fillShellText("./sim {} >{}.log", "7")).toBe("./sim 7 >7.log");
  expect(fillShellText("wc -l {}", "it's $(here)")).toBe("wc -l 'it'\\''s $(here)'");
  expect([hasPlaceholder("echo {}"), hasPlaceholder("echo { }")]).toEqual([true, false]);
});

describe("where a quoted value would not stay one word is found:", () => {
  test.each([
    ['echo "{}"', 'within "…"'],
    ["echo '{}'", "within '…'"],
    ['echo "$(cat {})"', 'within "…"'],
    [`echo 'it'\\''s {}' "x"`, "within '…'"],
    ["echo \\{}", "behind a backslash"],
    ["echo `cat {}`", "backticks"],
    ["cat <<EOF\n{}\nEOF", "here-document"],
    ["echo $(( {} + 1 ))", "arithmetic"],
    ["echo $'it\\'s {}'", "$'…'"],
    ["# it's '\necho '{}'", "within '…'"],
    ["echo a#'{}'", "within '…'"],
  ])("%j", (text, where) => {
    expect(findUnsafePlaceholder(text)).toContain(where);
  });

  test.each([
    "wc -l {}",
    `awk '{ print $1 }' {} >"$HOME"/out`,
    "echo \"a'b\" {} 'c\"d' {}",
    'echo "\\"" {}',
    "# don't\necho {}",
    "echo $(basename {} .mov).mp4",
    'echo "no value here" `date` <<END',
  ])("and not in %j", (text) => {
    expect(findUnsafePlaceholder(text)).toBeNull();
  });
});

test("a shell sees one word, whatever the value holds and wherever it may stand", () => {
  const texts = ["printf %s {}", "printf %s \"\"{}''", "# it's\nprintf %s {}", 'x={}; printf %s "$x"'];
  const part = fc.constantFrom(...Array.from("'\"`$(){};&|<>*?~#! \\-ab=é"), "$(id)");
  const value = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.constantFrom(...texts), value, (text, given) => {
      expect(findUnsafePlaceholder(text)).toBeNull();
      expect(execFileSync("/bin/sh", ["-c", fillShellText(text, given)], { encoding: "utf8" })).toBe(given);
    }),
    { numRuns: 200 },
  );
});

test.each([
  ["echo {}", true],
  ["echo x # {}", false],
  ["# {}\necho {}", true],
  ["echo x # {}\necho y", false],
  ["echo x#{}", true],
  ["echo '# {}'", true],
  ["echo x", false],
])("a shell sees a {} outside of comments only: %s", (text, isSeen) => {
  expect(hasShellPlaceholder(text)).toBe(isSeen);
  if (!isSeen) expect(findUnsafePlaceholder(text)).toBe(null);
});

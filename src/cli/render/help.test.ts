import { expect, test } from "vitest";
import { COMMANDS, GLOBAL_OPTIONS } from "../command-tree.ts";
import { parse } from "../parse.ts";
import { renderHelp } from "./help.ts";

test.each(COMMANDS.map(({ path }) => [path.join(" ")]))(
  "the help of %s shows all that the verb takes",
  (verb) => {
    const spec = COMMANDS.find(({ path }) => path.join(" ") === verb);
    const help = renderHelp(verb.split(" "));
    for (const { line, sentence } of spec?.examples ?? []) {
      expect(help).toContain(`  ${line}\n      ${sentence}\n`);
      expect(line.startsWith(`queuectl ${verb}`)).toBe(true);
    }
    expect(spec?.examples.length).toBeGreaterThan(0);
    for (const { name, value } of [...GLOBAL_OPTIONS, ...(spec?.options ?? [])])
      if (name !== "announce-fd")
        expect(help).toContain(value === undefined ? `--${name}` : `--${name} ${value}`);
    for (const alias of spec?.aliases ?? []) expect(help).toContain(`Also: queuectl ${alias.join(" ")}\n`);
    expect(help).not.toMatch(/[ \t]\n/);
  },
);

test("the examples of the help are command lines that parse", () => {
  for (const { examples, path } of COMMANDS) {
    for (const { line } of examples) {
      const words =
        line.match(/'[^']*'|"[^"]*"|\S+/g)?.map((word) => word.replace(/^(['"])(.*)\1$/, "$2")) ?? [];
      const parsed = parse(words.slice(1));
      expect(parsed.kind === "run" && parsed.invocation.command.path, line).toEqual(path);
    }
  }
});

test("an unknown topic is refused with what may have been meant", () => {
  expect(() => renderHelp(["enqeue"])).toThrow('There is no command "enqeue"');
});

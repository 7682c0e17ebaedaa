import { expect, test } from "vitest";
import { COMMANDS, GLOBAL_OPTIONS, GROUPS } from "../command-tree.ts";
import { parse } from "../parse.ts";
import { renderFirstSteps, renderHelp } from "./help.ts";
import { textWidth } from "./text-width.ts";

const WIDTH = 80;

function linesOf(text: string): string[] {
  return text.trimEnd().split("\n");
}

test.each(COMMANDS.map(({ path }) => [path.join(" ")]))(
  "the help of %s shows all that the verb takes",
  (verb) => {
    const spec = COMMANDS.find(({ path }) => path.join(" ") === verb);
    const help = renderHelp(verb.split(" "), WIDTH);
    for (const { line, sentence } of spec?.examples ?? []) {
      expect(help).toContain(`  ${line}\n      ${sentence}\n`);
      expect(line.startsWith(`queuectl ${verb}`)).toBe(true);
    }
    expect(spec?.examples.length).toBeGreaterThan(0);
    for (const { name, value, sentence } of [...GLOBAL_OPTIONS, ...(spec?.options ?? [])])
      if (sentence !== "")
        expect(help.replace(/\n +/g, " ")).toContain(
          value === undefined ? `--${name}` : `--${name} ${value}`,
        );
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
  expect(() => renderHelp(["enqeue"], WIDTH)).toThrow('There is no command "enqeue"');
});

test("the first steps fit a small screen, begin with the tour, and name every verb of every group", () => {
  const screen = renderFirstSteps(WIDTH);
  expect(linesOf(screen).length).toBeLessThanOrEqual(24);
  expect(screen.indexOf("queuectl demo")).toBeLessThan(screen.indexOf("queuectl enqueue"));
  for (const { title, commands } of GROUPS) {
    const line = linesOf(screen).find((each) => each.startsWith(`  ${title}`));
    for (const { path } of commands) expect(line).toMatch(new RegExp(`[ |]${path.at(-1)}([,|]|$)`));
  }
});

test("the whole list shows each verb with its sentence, under its group", () => {
  const help = renderHelp([], 200);
  for (const { title, commands } of GROUPS) {
    const section = help.slice(help.indexOf(`\n${title}:\n`)).split("\n\n")[0];
    for (const { path, usage, sentence } of commands)
      expect(section?.replace(/\n {10,}/g, "  ")).toMatch(
        new RegExp(`^  ${`${path.join(" ")} ${usage}`.trim().replace(/[|[\]]/g, "\\$&")} +${sentence}$`, "m"),
      );
  }
});

test.each([80, 60, 44])("at %i columns nothing but an example is wider", (width) => {
  const pages = [
    renderFirstSteps(width),
    ...[[], ["worker"], ["dlq"], ["config"], ...COMMANDS.map(({ path }) => path)].map((topic) =>
      renderHelp(topic, width),
    ),
  ];
  for (const line of pages.flatMap(linesOf)) {
    if (/^ {2}queuectl |^Use: /.test(line)) continue;
    // A name and its sentence are not squeezed into less.
    expect(textWidth(line) <= Math.max(width, 58), line).toBe(true);
  }
});

test("on a screen of 80 columns no line at all is wider", () => {
  for (const topic of [[], ...COMMANDS.map(({ path }) => path)])
    for (const line of linesOf(renderHelp(topic, WIDTH))) expect(textWidth(line) <= WIDTH, line).toBe(true);
});

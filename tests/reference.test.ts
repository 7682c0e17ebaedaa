import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeReference } from "../scripts/make-reference.ts";
import { SAMPLES } from "../scripts/reference/samples.ts";
import { COMMANDS, GLOBAL_OPTIONS } from "../src/cli/command-tree.ts";
import { ERROR_CODES } from "../src/cli/json-shapes/other.ts";
import { SHAPES, type ShapeName } from "../src/cli/json-shapes/shapes.ts";
import { shownOptions } from "../src/cli/render/help.ts";
import { SETTINGS, settingEnvName } from "../src/config/settings.ts";
import { findMismatches } from "./support/match-shape.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGES = makeReference();

function page(name: string): string {
  return PAGES[`docs/reference/${name}.md`] ?? "";
}

/** What stands below a heading, down to the next of the same rank. */
function section(text: string, heading: string): string {
  const [, below = ""] = text.split(`\n${heading}\n`);
  return below.split(/\n##+ /)[0] ?? "";
}

test.each(Object.keys(PAGES))("%s is what the program says", (path) => {
  expect(readFileSync(join(ROOT, path), "utf8")).toBe(PAGES[path]);
});

test("every verb is there, with its examples, options, other names and answer", () => {
  const text = page("cli");
  for (const command of COMMANDS) {
    const name = `queuectl ${command.path.join(" ")}`;
    const below = section(text, `### ${name}`);
    for (const { line, sentence } of command.examples) {
      expect(below).toContain(`\n${line} `);
      expect(below).toContain(`# ${sentence}\n`);
    }
    for (const { name: option } of shownOptions(command))
      expect(below).toMatch(new RegExp(`\\| \`--${option}[ \`]`));
    for (const alias of command.aliases ?? []) expect(below).toContain(`\`queuectl ${alias.join(" ")}\``);
    expect(page("json")).toMatch(
      new RegExp(`\\| \\[${name}\\]\\(cli\\.md#.+\\) \\| .*(\\]\\(#.+\\)|an array of instants)`),
    );
    expect(below).toMatch(/With `--json`: .*(\]\(json\.md#.+\)|an array of instants)/);
  }
  for (const { name } of GLOBAL_OPTIONS) expect(text).toMatch(new RegExp(`\\| \`--${name}[ \`]`));
  expect(text).not.toContain("announce-fd");
});

test("every setting is there, with its variable, and every error code with its exit code", () => {
  for (const setting of SETTINGS) {
    const below = section(page("config"), `### ${setting.key}`);
    expect(below).toContain(`\`${settingEnvName(setting)}\``);
    for (const alias of setting.aliases) expect(below).toContain(`\`${alias}\``);
  }
  const exitCodes = section(page("cli"), "## Exit codes");
  for (const code of Object.keys(ERROR_CODES)) expect(exitCodes).toContain(`\`${code}\``);
});

test.each(Object.entries(SAMPLES))("the sample of a %s has its shape", (name, sample) => {
  expect(findMismatches(sample, name as ShapeName)).toEqual([]);
});

test("every shape is there with every key, and every link leads to a heading", () => {
  for (const [name, { fields, extends: base }] of Object.entries(SHAPES)) {
    const below = section(page("json"), `### ${name}`);
    if (base !== undefined) expect(below).toContain(`All keys of a [${base}](#${base}), and:`);
    for (const key of Object.keys(fields))
      if (base === undefined || !Object.hasOwn(SHAPES[base].fields, key))
        expect(below).toContain(`\n| \`${key}\` | `);
  }
  for (const [path, text] of Object.entries(PAGES)) {
    for (const [, file = "", anchor] of text.matchAll(/\]\(([^)#]*)#([^)]+)\)/g)) {
      const target = file === "" ? text : page(file.replace(".md", ""));
      const anchors = [...target.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
        title
          .toLowerCase()
          .replaceAll(/[^a-z0-9_ -]/g, "")
          .replaceAll(" ", "-"),
      );
      expect(anchors, `${path}: #${anchor}`).toContain(anchor);
    }
  }
});

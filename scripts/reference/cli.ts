import type { CommandSpec, OptionSpec } from "../../src/cli/command.ts";
import { GLOBAL_OPTIONS, GROUPS } from "../../src/cli/command-tree.ts";
import { EXIT_CODE_MEANINGS, exitCodeFor } from "../../src/cli/exit-codes.ts";
import { ERROR_CODES } from "../../src/cli/json-shapes/other.ts";
import { commandUsage, optionUsage, shownOptions } from "../../src/cli/render/help.ts";
import { capitalised } from "../../src/domain/describe.ts";
import type { ErrorCode } from "../../src/domain/errors.ts";
import { answersOf } from "./json.ts";
import { code, MADE_BY, page, table } from "./markdown.ts";

/** Every verb of the command line, from the tree that also parses it. */
export function cliReference(): string {
  return page(
    "# The command line",
    MADE_BY,
    "`queuectl VERB --help` shows the same in the terminal. Settings: [config.md](config.md); JSON: [json.md](json.md).",
    "## Options of every verb",
    "They may stand before the verb or after it, but not after `--`.",
    optionTable(GLOBAL_OPTIONS),
    ...GROUPS.flatMap(({ title, commands }) => [`## ${title}`, ...commands.flatMap(verb)]),
    "## Exit codes",
    table(["exit code", "meaning", "error codes, as in `--json`"], exitCodeRows()),
  );
}

function verb(command: CommandSpec): string[] {
  const name = ["queuectl", ...command.path].join(" ");
  const width = Math.max(...command.examples.map(({ line }) => line.length));
  const examples = command.examples.map(({ line, sentence }) => `${line.padEnd(width)}  # ${sentence}`);
  const aliases = (command.aliases ?? []).map((path) => code(`queuectl ${path.join(" ")}`));
  const options = shownOptions(command);
  return [
    `### ${name}`,
    `${capitalised(command.sentence)}.`,
    ["```sh", ...examples, "```"].join("\n"),
    `Use: ${code(commandUsage(command))}`,
    ...(command.details ?? []),
    options.length > 0 ? optionTable(options) : "",
    aliases.length > 0 ? `Also: ${aliases.join(", ")}` : "",
    `With ${code("--json")}: ${answersOf(command.path.join(" "), "json.md")}`,
  ];
}

function optionTable(options: readonly OptionSpec[]): string {
  const rows = options.map((option) => [
    code(optionUsage(option)),
    `${option.sentence}${option.repeatable ? "; may be repeated" : ""}`,
  ]);
  return table(["option", ""], rows);
}

function exitCodeRows(): string[][] {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[];
  return Object.entries(EXIT_CODE_MEANINGS).map(([number, meaning]) => [
    number,
    meaning,
    codes
      .filter((each) => exitCodeFor(each) === Number(number))
      .map(code)
      .join(", "),
  ]);
}

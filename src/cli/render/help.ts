import { capitalised } from "../../domain/describe.ts";
import { QueuectlError } from "../../domain/errors.ts";
import { suggest } from "../../domain/suggest.ts";
import type { CommandSpec, OptionSpec } from "../command.ts";
import { COMMANDS, GLOBAL_OPTIONS, GROUPS } from "../command-tree.ts";
import { findCommand } from "../parse.ts";
import { type Definitions, renderDefinitions, wrap } from "./wrap.ts";

/** Help for a verb, for the verbs of one first word, or for all; no line wider than the terminal, but for examples. */
export function renderHelp(topic: readonly string[], width: number): string {
  const command = findCommand(topic);
  if (command) return commandHelp(command.spec, width);
  const family = COMMANDS.filter(({ path }) => path.length > 1 && path[0] === topic[0]);
  if (family.length > 0)
    return `Verbs:\n${renderDefinitions(verbRows(family), width)}\nExamples: queuectl ${topic[0]} VERB --help\n`;
  if (topic.length > 0) throw unknownTopic(topic.join(" "));
  return allVerbs(width);
}

/** What `queuectl` alone answers: where to begin, on one small screen. */
export function renderFirstSteps(width: number): string {
  const groups = GROUPS.map(({ title, commands }) => [title, foldedNames(commands)] as const);
  return `${prose(SUMMARY, width)}

${prose("New here? A tour that leaves nothing behind: queuectl demo", width)}

First steps:
${renderDefinitions(FIRST_STEPS, width)}
All verbs:
${renderDefinitions(groups, width)}
${prose(MORE, width)}
`;
}

function prose(paragraph: string, width: number): string {
  return wrap(paragraph, width).join("\n");
}

const SUMMARY = "queuectl: a durable job queue for shell commands. No service to run.";
const MORE = "Help: queuectl --help   Examples: queuectl VERB --help";

const FIRST_STEPS = [
  ['queuectl enqueue "echo hello"', "add a job"],
  ["queuectl worker start", "run jobs here, until Ctrl-C"],
  ["queuectl status", "how it stands"],
  ["queuectl logs @last", "what the newest job printed"],
  ["queuectl dlq list", "the jobs that failed for good"],
] as const;

/** After so many verbs of one first word a line may be broken. */
const FOLDED_AT_MOST = 5;

/** `worker start|stop, status`: verbs of one first word together. */
function foldedNames(commands: readonly CommandSpec[]): string {
  const families = Object.groupBy(commands, ({ path: [first = ""] }) => first);
  return Object.entries(families)
    .map(([first, family = []]) => {
      const words = family.map(({ path }) => path.slice(1).join(" "));
      const folded = words.map((word, index) => (index % FOLDED_AT_MOST === 0 ? ` ${word}` : word));
      return `${first}${folded.join("|")}`.trim();
    })
    .join(", ");
}

function allVerbs(width: number): string {
  const groups = GROUPS.map(
    ({ title, commands }) =>
      `${title}:\n${renderDefinitions(verbRows(commands), width, verbRows(COMMANDS))}\n`,
  ).join("");
  return `${prose(SUMMARY, width)}

${groups}Everywhere:
${optionList(GLOBAL_OPTIONS, width)}
Examples: queuectl VERB --help
`;
}

function commandHelp(command: CommandSpec, width: number): string {
  const examples = command.examples.map(({ line, sentence }) => `  ${line}\n      ${sentence}\n`).join("");
  const details = (command.details ?? []).map((paragraph) => `\n${prose(paragraph, width)}\n`).join("");
  const shown = shownOptions(command);
  const aliases = (command.aliases ?? []).map((path) => `\nAlso: queuectl ${path.join(" ")}\n`).join("");
  const everywhere = wrap(`Everywhere: ${GLOBAL_OPTIONS.map(optionUsage).join(", ")}`, width).join("\n  ");
  return `${prose(`${capitalised(command.sentence)}.`, width)}

${examples}
Use: ${commandUsage(command)}
${details}${shown.length > 0 ? `\nOptions:\n${optionList(shown, width)}` : ""}${aliases}
${everywhere}
`;
}

/** The options that are for people. */
export function shownOptions({ options }: CommandSpec): OptionSpec[] {
  return options.filter(({ sentence }) => sentence !== "");
}

/** The whole form of a command line. */
export function commandUsage(command: CommandSpec): string {
  const options = shownOptions(command).length > 0 ? ["[OPTIONS]"] : [];
  return ["queuectl", ...command.path, ...options, command.usage].join(" ").trim();
}

/** An option with what stands in its value's place. */
export function optionUsage({ name, value }: OptionSpec): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function verbRows(commands: readonly CommandSpec[]): Definitions {
  return commands.map(({ path, usage, sentence }) => [`${path.join(" ")} ${usage}`.trim(), sentence]);
}

function optionList(options: readonly OptionSpec[], width: number): string {
  const rows = options.map(
    (option) => [`${optionUsage(option)}${option.repeatable ? " …" : ""}`, option.sentence] as const,
  );
  return renderDefinitions(rows, width);
}

function unknownTopic(topic: string): QueuectlError {
  const verbs = COMMANDS.flatMap(({ path, aliases = [] }) => [path, ...aliases]);
  const near = suggest(topic, [...new Set(verbs.flatMap((words) => [words.join(" "), words[0] ?? ""]))]);
  return new QueuectlError("invalid_usage", `There is no command "${topic}"`, {
    hint: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "All commands: queuectl --help",
  });
}

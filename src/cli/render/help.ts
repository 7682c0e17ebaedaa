import { QueuectlError } from "../../domain/errors.ts";
import { suggest } from "../../domain/suggest.ts";
import type { CommandSpec, OptionSpec } from "../command.ts";
import { COMMANDS, GLOBAL_OPTIONS } from "../command-tree.ts";
import { findCommand } from "../parse.ts";

/** Help for a verb, a group of verbs, or the first steps. */
export function renderHelp(topic: readonly string[]): string {
  const command = findCommand(topic);
  if (command) return commandHelp(command.spec);
  const group = COMMANDS.filter(({ path }) => path.length > 1 && path[0] === topic[0]);
  if (group.length > 0) return `${verbList(group)}\nMore: queuectl ${topic[0]} VERB --help\n`;
  if (topic.length > 0) throw unknownTopic(topic.join(" "));
  return firstSteps();
}

function firstSteps(): string {
  return `queuectl: a durable job queue for shell commands. No service to run.

First steps:
  queuectl enqueue "echo hello"     add a job
  queuectl worker start             run jobs here, until Ctrl-C
  queuectl status                   how it stands
  queuectl logs @last               what the newest job printed
  queuectl dlq list                 the jobs that failed for good

${verbList(COMMANDS)}
Everywhere:
${optionList(GLOBAL_OPTIONS)}
More: queuectl VERB --help
`;
}

function commandHelp(command: CommandSpec): string {
  const examples = command.examples.map(({ line, sentence }) => `  ${line}\n      ${sentence}\n`).join("");
  const details = (command.details ?? []).map((paragraph) => `\n${paragraph}\n`).join("");
  const shown = command.options.filter(({ sentence }) => sentence !== "");
  const aliases = (command.aliases ?? []).map((path) => `\nAlso: queuectl ${path.join(" ")}\n`).join("");
  return `${capitalised(command.sentence)}.

${examples}
Use: queuectl ${[...command.path, ...(shown.length > 0 ? ["[OPTIONS]"] : []), command.usage].join(" ").trim()}
${details}${shown.length > 0 ? `\nOptions:\n${optionList(shown)}` : ""}${aliases}
Everywhere: ${GLOBAL_OPTIONS.map(optionUsage).join(" ")}
`;
}

function verbList(commands: readonly CommandSpec[]): string {
  const rows = commands.map(
    ({ path, usage, sentence }) => [`${path.join(" ")} ${usage}`.trim(), sentence] as const,
  );
  return `Verbs:\n${aligned(rows)}`;
}

function optionList(options: readonly OptionSpec[]): string {
  return aligned(
    options.map(
      (option) => [`${optionUsage(option)}${option.repeatable ? " …" : ""}`, option.sentence] as const,
    ),
  );
}

function optionUsage({ name, value }: OptionSpec): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

const WIDEST_LEFT = 30;

function aligned(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(WIDEST_LEFT, Math.max(...rows.map(([left]) => left.length)));
  return rows
    .map(([left, right]) =>
      left.length > width
        ? `  ${left}\n  ${" ".repeat(width)}  ${right}\n`
        : `  ${left.padEnd(width)}  ${right}\n`,
    )
    .join("");
}

function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function unknownTopic(topic: string): QueuectlError {
  const near = suggest(
    topic,
    COMMANDS.map(({ path }) => path.join(" ")),
  );
  return new QueuectlError("invalid_usage", `There is no command "${topic}"`, {
    hint: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "All commands: queuectl --help",
  });
}

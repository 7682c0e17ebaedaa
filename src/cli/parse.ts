import { parseArgs } from "node:util";
import type { QueuectlError } from "../domain/errors.ts";
import { didYouMean, suggest } from "../domain/suggest.ts";
import type { CommandSpec, Invocation, OptionSpec, Options } from "./command.ts";
import { COMMANDS, GLOBAL_OPTIONS } from "./command-tree.ts";
import { usage } from "./usage.ts";

/** What a command line means. */
export type Parsed =
  | { kind: "run"; invocation: Invocation }
  /** Of a verb, a family of verbs, or, with no topic, all. */
  | { kind: "help"; topic: readonly string[] }
  /** Nothing was asked for at all. */
  | { kind: "first_steps" }
  | { kind: "version" };

/**
 * Reads a command line. One pass of the platform's parser over the options of all verbs together (a name means a value
 * or a switch, the same for every verb), so that options may stand before the verb; what the verb does not take is
 * refused afterwards.
 * @throws invalid_usage with what might have been meant
 */
export function parse(argv: readonly string[]): Parsed {
  const { tokens } = parseArgs({
    args: [...argv],
    options: OPTION_TYPES,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const end = tokens.find((token) => token.kind === "option-terminator");
  const before = tokens.filter((token) => end === undefined || token.index < end.index);
  const isWord = (index: number) => NEGATIVE_NUMBER.test(argv[index] ?? "");
  // As a set: `-12` comes as two options of one place.
  const places = new Set(
    before.filter(({ kind, index }) => kind === "positional" || isWord(index)).map(({ index }) => index),
  );
  const words = [...places].map((index) => argv[index] ?? "");
  const given = before.filter((token) => token.kind === "option").filter(({ index }) => !isWord(index));
  const options = new ParsedOptions(given.map(({ name, value }) => [name, value]));
  if (options.has("version")) return { kind: "version" };
  if (options.has("help") || words[0] === "help") {
    return { kind: "help", topic: words[0] === "help" ? words.slice(1) : words };
  }
  const command = findCommand(words);
  if (!command) return requireKnownFamily(words, given[0]?.rawName);
  const seen = new Set<string>();
  for (const option of given) {
    const { value, repeatable } = checkOption(command.spec, option);
    // Of a switch, the second says nothing else than the first.
    if (seen.has(option.name) && value !== undefined && repeatable !== true)
      throw usage(
        `The option ${option.rawName} was given twice`,
        "It takes one value: leave one of them out.",
      );
    seen.add(option.name);
  }
  const rest = end === undefined ? null : argv.slice(end.index + 1);
  const args = words.slice(command.words);
  checkArgs(command.spec, args, rest);
  return { kind: "run", invocation: { command: command.spec, args, rest, options } };
}

/** No option is called like this: it is a value, if a wrong one, and its reader has the better sentence about it. */
const NEGATIVE_NUMBER = /^-[\d.]/;

interface OptionType {
  type: "string" | "boolean";
  multiple: boolean;
  short?: string;
}

const OPTION_TYPES: Record<string, OptionType> = Object.fromEntries(
  [...GLOBAL_OPTIONS, ...COMMANDS.flatMap((command) => command.options)].map((option) => [
    option.name,
    {
      type: option.value === undefined ? "boolean" : "string",
      multiple: true,
      // The one short option: everybody tries it first.
      ...(option.name === "help" ? { short: "h" } : {}),
    },
  ]),
);

/** The verb that the words begin with, by its path or an alias. */
export function findCommand(words: readonly string[]): { spec: CommandSpec; words: number } | undefined {
  for (const spec of COMMANDS) {
    for (const path of [spec.path, ...(spec.aliases ?? [])]) {
      if (path.every((word, index) => words[index] === word)) return { spec, words: path.length };
    }
  }
  return undefined;
}

/** `worker` alone asks for help, nothing at all for a beginning; anything else was mistyped. */
function requireKnownFamily(words: readonly string[], option: string | undefined): Parsed {
  const [first, second] = words;
  if (first === undefined) {
    if (option !== undefined && !isGlobal(option)) throw unknownGlobalOption(option);
    return { kind: "first_steps" };
  }
  const verbs = COMMANDS.flatMap(({ path, aliases }) => [path, ...(aliases ?? [])]);
  const inFamily = verbs.filter((path) => path.length > 1 && path[0] === first);
  const isFamily = inFamily.length > 0;
  if (isFamily && (second === undefined || second === "help")) return { kind: "help", topic: [first] };
  const sought = COMMANDS.filter(
    ({ path, soughtAs }) => isFamily && path[0] === first && soughtAs?.includes(second ?? ""),
  ).map(({ path }) => path.join(" "));
  // By its own word: the family's, which is right, would make the other look near to anything.
  const similar = isFamily
    ? suggest(
        second ?? "",
        inFamily.map(([, ...rest]) => rest.join(" ")),
      ).map((name) => `${first} ${name}`)
    : suggest(first, [...new Set(verbs.map(([name = ""]) => name))]);
  const near = sought.length > 0 ? sought : similar;
  throw usage(
    `Unknown command "${isFamily ? `${first} ${second}` : first}"`,
    didYouMean(near.map((name) => `queuectl ${name}`)) ?? "All commands: queuectl --help",
  );
}

interface GivenOption {
  name: string;
  rawName: string;
  value: string | undefined;
  inlineValue: boolean | undefined;
}

function checkOption(command: CommandSpec, given: GivenOption): OptionSpec {
  const known = [...GLOBAL_OPTIONS, ...command.options];
  const spec = known.find(({ name }) => name === given.name && given.rawName.startsWith("--"));
  if (!spec) throw unknownOption(command, known, given.rawName);
  if (spec.value === undefined && given.value !== undefined)
    throw usage(`The option ${given.rawName} takes no value`);
  if (spec.value === undefined) return spec;
  if (given.value === undefined)
    throw usage(`The option ${given.rawName} needs a value: ${given.rawName} ${spec.value}`);
  if (given.inlineValue !== true && given.value.startsWith("--")) {
    throw usage(
      `The option ${given.rawName} needs a value, but ${given.value} follows`,
      `If that is the value: ${given.rawName}=${given.value}`,
    );
  }
  return spec;
}

function unknownOption(command: CommandSpec, known: readonly OptionSpec[], typed: string): QueuectlError {
  const verb = command.path.join(" ");
  return usage(
    `queuectl ${verb} has no option ${typed}`,
    suggestOptions(typed, known) ?? `Its options: queuectl ${verb} --help`,
  );
}

function checkArgs(command: CommandSpec, args: readonly string[], rest: readonly string[] | null): void {
  const verb = command.path.join(" ");
  if (rest !== null && !command.takesCommand)
    throw usage(
      `queuectl ${verb} takes nothing after --`,
      `Its use: queuectl ${verb} ${command.usage}`.trim(),
    );
  // `enqueue` counts its words itself: it has more to say about several of them.
  if (command.takesCommand) return;
  if (args.length < command.args.min)
    throw usage(
      `queuectl ${verb} needs ${command.usage.replace(/…$/, "")}`,
      `Examples: queuectl ${verb} --help`,
    );
  if (args.length > command.args.max) {
    throw usage(
      `queuectl ${verb} does not know what to do with "${args[command.args.max]}"`,
      `Its use: queuectl ${verb} ${command.usage}`.trim(),
    );
  }
}

function unknownGlobalOption(typed: string): QueuectlError {
  const near = suggestOptions(typed, GLOBAL_OPTIONS);
  return usage(`Unknown option ${typed}`, near ?? "Put the verb first: queuectl --help");
}

/** A question that names what may have been meant. */
function suggestOptions(typed: string, known: readonly OptionSpec[]): string | undefined {
  const near = suggest(
    typed.replace(/^-+/, ""),
    known.map(({ name }) => name),
  );
  return didYouMean(near.map((name) => `--${name}`));
}

function isGlobal(rawName: string): boolean {
  return GLOBAL_OPTIONS.some(({ name }) => `--${name}` === rawName);
}

class ParsedOptions implements Options {
  readonly #values = new Map<string, string[]>();

  constructor(given: readonly [string, string | undefined][]) {
    for (const [name, value] of given)
      this.#values.set(name, [...(this.#values.get(name) ?? []), value ?? ""]);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}

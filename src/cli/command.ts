import type { Io } from "./io.ts";

/** An option as it is typed, parsed, explained and completed. */
export interface OptionSpec {
  name: string;
  /** What stands in its value's place in help; without it the option is a switch. */
  value?: string;
  repeatable?: boolean;
  sentence: string;
}

/** A verb of the command line. The tree of these makes parsing, help and the reference. */
export interface CommandSpec {
  /** `["worker", "start"]`. */
  path: readonly string[];
  aliases?: readonly (readonly string[])[];
  /** Second words that others have for what it does, and that are no verbs here: whoever types one is led to it. */
  soughtAs?: readonly string[];
  /** What follows the verb, as help shows it. */
  usage: string;
  /** How many bare words it takes. */
  args: { min: number; max: number };
  /** True when words after `--` are a command of the user's. */
  takesCommand?: boolean;
  sentence: string;
  /** Longer explanation, a paragraph an entry. */
  details?: readonly string[];
  examples: readonly { line: string; sentence: string }[];
  options: readonly OptionSpec[];
  load(): Promise<{ run: CommandRunner }>;
}

/** Verbs that serve one purpose: a section of help and of the reference. */
export interface CommandGroup {
  title: string;
  commands: readonly CommandSpec[];
}

/** Does the verb's work and returns the exit code. */
export type CommandRunner = (invocation: Invocation, io: Io) => Promise<number>;

/** What was typed, checked against the verb's spec. */
export interface Invocation {
  command: CommandSpec;
  /** Bare words after the verb. */
  args: readonly string[];
  /** The words after `--`; null when there was none. */
  rest: readonly string[] | null;
  /** Values by option name; of one that is not repeatable, one at most. */
  options: Options;
}

/** Typed access to parsed options. */
export interface Options {
  has(name: string): boolean;
  text(name: string): string | undefined;
  all(name: string): readonly string[];
}

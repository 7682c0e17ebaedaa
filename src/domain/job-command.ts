import { type GivenFields, isClean, readText, refuseType } from "./job-fields.ts";
import { quoteArgv } from "./shell-quote.ts";

/** The longest command, shell text or arguments together: a script of a thousand pages. */
const MAX_COMMAND_BYTES = 1_048_576;
/** The longest single argument: Linux takes 128 KiB (execve(2)), and only shell text can go another way. */
const MAX_ARGUMENT_BYTES = 100_000;

/** The exact arguments; null without. */
export function readArgv(given: GivenFields): string[] | null {
  const argv = given.values["argv"];
  if (argv === undefined || argv === null) return null;
  if (!Array.isArray(argv) || argv.length === 0)
    return refuseType(given, { field: "argv" }, "an array of one or more strings", argv) ?? null;
  const wrong = (argv as unknown[]).filter((arg, part) => !isArgument(given, arg, part));
  return wrong.length === 0 ? argv : null;
}

function isArgument(given: GivenFields, arg: unknown, part: number): arg is string {
  const at = { field: "argv", part };
  if (typeof arg !== "string") {
    refuseType(given, { ...at, isNoText: true }, "strings", arg);
    return false;
  }
  if (byteLength(arg) > MAX_ARGUMENT_BYTES) {
    given.refuse(
      ["argv"],
      `An argument of the ${given.words.job} is longer than ${MAX_ARGUMENT_BYTES} bytes`,
      "Put it into a file or its stdin, or give the whole as a shell command.",
      { part },
    );
    return false;
  }
  if (part === 0 && arg === "") {
    given.refuse(["argv"], 'The first entry of "argv" is empty', "It names the program to run.");
    return false;
  }
  return isClean(given, at, arg);
}

/** The shell text, or as what the arguments are shown. */
export function readCommand(given: GivenFields, argv: string[] | null): string {
  const { words, refuse } = given;
  const command = readText(given, "command");
  const name = words.nameOf("command");
  const isGiven = (field: string) => (given.values[field] ?? null) !== null;
  if (argv !== null) {
    const shown = quoteArgv(argv);
    if (command !== undefined && command !== shown)
      refuse(
        ["command", "argv"],
        `"${name}" and "${words.nameOf("argv")}" of the ${words.job} say different things`,
        "Give one of them.",
      );
    return requireBounded(given, "argv", shown);
  }
  if (command === undefined) {
    if (!isGiven("command") && !isGiven("argv"))
      refuse(["command"], `A ${words.job} needs a "${name}"`, `Write it like this: {"command":"echo hello"}`);
    return "";
  }
  if (command.trim() === "")
    refuse(["command"], `The ${words.job}'s "${name}" is empty`, "Give the shell command that is to be run.");
  return requireBounded(given, "command", command);
}

function requireBounded({ words, refuse }: GivenFields, field: string, command: string): string {
  if (byteLength(command) > MAX_COMMAND_BYTES)
    refuse(
      [field],
      `The ${words.job}'s "${words.nameOf("command")}" is longer than ${MAX_COMMAND_BYTES} bytes`,
      "Put it into a script file, and run that.",
    );
  return command;
}

/** As UTF-8. Most texts are far too short to be measured. */
function byteLength(text: string): number {
  return text.length * 3 <= MAX_ARGUMENT_BYTES ? text.length : new TextEncoder().encode(text).length;
}

import { type ErrorCode, QueuectlError } from "../domain/errors.ts";
import type { Refusal } from "../domain/refusal.ts";
import { DONE, exitCodeFor } from "./exit-codes.ts";
import { ClosedPipe, type Io } from "./io.ts";
import { parse } from "./parse.ts";
import { visible } from "./render/visible.ts";
import { version } from "./version.ts";

/** The answer of `--version --json`. */
export interface VersionJson {
  version: string;
}

/** Any error after `--json`, on standard error. */
export interface ErrorJson {
  error: ErrorDetailsJson;
}

export interface ErrorDetailsJson {
  code: ErrorCode;
  message: string;
  hint: string | null;
  /** Only of a text that is refused with all its faults. */
  faults?: FaultJson[];
}

export interface FaultJson {
  line: number | null;
  column: number | null;
  message: string;
}

/** One command line from words to exit code. Only `main.ts` ends the process. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    const parsed = parse(argv);
    switch (parsed.kind) {
      case "version":
        io.stdout.write(
          isJsonWanted(argv)
            ? `${JSON.stringify({ version: version() } satisfies VersionJson)}\n`
            : `${version()}\n`,
        );
        return DONE;
      case "help":
        io.stdout.write((await import("./render/help.ts")).renderHelp(parsed.topic, io.stdout.columns));
        return DONE;
      case "first_steps":
        io.stdout.write((await import("./render/help.ts")).renderFirstSteps(io.stdout.columns));
        return DONE;
      case "run":
        return await (await parsed.invocation.command.load()).run(parsed.invocation, io);
    }
  } catch (error) {
    return await report(error, argv, io);
  }
}

async function report(error: unknown, argv: readonly string[], io: Io): Promise<number> {
  if (error instanceof ClosedPipe) return DONE;
  const known = error instanceof QueuectlError ? error : unexpected(error);
  const hint = known.hint ?? (known.refusal && (await adviseOn(known.refusal)));
  try {
    io.stderr.write(
      isJsonWanted(argv) ? `${JSON.stringify(toJson(known, hint))}\n` : toText(known, hint, io),
    );
  } catch (closed) {
    if (!(closed instanceof ClosedPipe)) throw closed;
  }
  return exitCodeFor(known.code);
}

async function adviseOn(refusal: Refusal): Promise<string> {
  return (await import("./advise.ts")).advise(refusal);
}

/** The line may be what could not be parsed, so the words themselves are asked. */
function isJsonWanted(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end === -1 ? undefined : end).includes("--json");
}

function toJson({ code, message, faults }: QueuectlError, hint: string | undefined): ErrorJson {
  return { error: { code, message, hint: hint ?? null, ...(faults && { faults: [...faults] }) } };
}

function toText(error: QueuectlError, hint: string | undefined, io: Io): string {
  // A message quotes what was typed or read, and that may hold anything.
  const lines = [`queuectl: ${visible(error.message)}${/[.!?]$/.test(error.message) ? "" : "."}`];
  if (hint !== undefined) lines.push(...hint.split("\n").map(visible));
  if (io.env["QUEUECTL_DEBUG"] === "1")
    lines.push(String(error.stack), ...(error.cause ? [`Cause: ${error.cause}`] : []));
  return `${lines.join("\n")}\n`;
}

/** A fault of ours, or of the system below: the sentence says so, the trace is for those who ask for it. */
function unexpected(error: unknown): QueuectlError {
  const { message, code } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error), code: undefined };
  const hint = "Run it again with QUEUECTL_DEBUG=1 to see where.";
  return new QueuectlError("internal", `Something went wrong${code ? ` (${code})` : ""}: ${message}`, {
    hint,
    cause: error,
  });
}

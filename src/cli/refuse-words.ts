import { QueuectlError } from "../domain/errors.ts";
import { usage } from "./usage.ts";

const LOST_QUOTES = `This looks like JSON that lost its quotes on the way through the shell.
  PowerShell 7:    queuectl enqueue '{"command":"echo hello"}'
  PowerShell 5:    queuectl enqueue '{\\"command\\":\\"echo hello\\"}'
  cmd:             queuectl enqueue "{\\"command\\":\\"echo hello\\"}"
  sh, bash, zsh:   queuectl enqueue '{"command":"echo hello"}'`;

/** The refusal of a command that a shell has taken apart. */
export function refuseSeveral(words: readonly string[]): QueuectlError {
  // cmd knows no single quotes: it hands them on, and takes the double ones for itself.
  const hint = /^\s*'?[{[]/.test(words[0] ?? "")
    ? LOST_QUOTES
    : `Put it in quotes, or after --: queuectl enqueue -- ${words.join(" ")}`;
  return usage(`The command came as ${words.length} separate words`, hint);
}

/** The refusal of what looks like JSON and is none. */
export function refuseJson(text: string, cause: unknown): QueuectlError {
  const lostQuotes = /^\s*[{[]/.test(text) && !text.includes('"') && text.includes(":");
  return new QueuectlError("invalid_json", `This is not valid JSON: ${(cause as Error).message}`, {
    hint: `${lostQuotes ? `${LOST_QUOTES}\n` : ""}If it is a shell command that begins with ${text.trim().charAt(0)}: queuectl enqueue --command '…'`,
    cause,
  });
}

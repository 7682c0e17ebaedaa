import { QueuectlError } from "../domain/errors.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";

/**
 * Asks before something is done that cannot be undone. `--yes` has answered already.
 * @throws not_confirmed where there is nobody to ask
 */
export async function confirm(question: string, { options }: Invocation, io: Io): Promise<boolean> {
  if (options.has("yes")) return true;
  if (!io.canAsk || options.has("json"))
    throw new QueuectlError("not_confirmed", `Not done without a yes: ${question}`, {
      hint: "To do it without being asked: --yes. To see what it would do: --dry-run",
    });
  io.stderr.write(`${question} [y/N] `);
  let answer = "";
  for await (const bytes of io.stdin()) {
    answer += bytes;
    if (answer.includes("\n")) break;
  }
  return /^\s*y(es)?\s*$/i.test(answer);
}

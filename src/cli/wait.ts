import { pause } from "../worker/timer.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";

const LOOK_EVERY_MS = 50;
/** First word about what is waited for, then each time it changes, but no oftener; or after so long. */
const SAY_AFTER_MS = 1_000;
const SAY_AGAIN_MS = 15_000;

/**
 * Looks again and again until nothing is waited for any more, and says on stderr what is.
 * @param look gives that in words; undefined ends the wait
 * @param signal ends it too
 */
export async function sayWhileWaiting(
  look: () => Promise<string | undefined>,
  { options }: Invocation,
  io: Io,
  signal?: AbortSignal,
): Promise<void> {
  let sayAt = performance.now() + SAY_AFTER_MS;
  let said = "";
  while (!signal?.aborted) {
    const waiting = await look();
    if (waiting === undefined) return;
    const now = performance.now();
    if (!options.has("quiet") && now >= sayAt && (waiting !== said || now >= sayAt + SAY_AGAIN_MS)) {
      io.stderr.write(`${waiting}\n`);
      said = waiting;
      sayAt = now + SAY_AFTER_MS;
    }
    await pause(LOOK_EVERY_MS);
  }
}

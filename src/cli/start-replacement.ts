import { spawn } from "node:child_process";
import type { Io } from "./io.ts";

/** Which dead member of the pool a worker replaces. */
export const IN_PLACE_OF = "in-place-of";

/**
 * Starts a worker like this one: the same program, options, directory, environment and log. A member that lives has all
 * that its dead sibling had, so nothing of it need be written down.
 * @param onError told when the system refuses; the place is then tried again, after its backoff
 */
export function startReplacement(deadWorker: string, io: Io, onError: (error: unknown) => void): void {
  const own = process.argv.slice(1).filter((word) => !word.startsWith(`--${IN_PLACE_OF}=`));
  const child = spawn(process.execPath, [...own, `--${IN_PLACE_OF}=${deadWorker}`], {
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
    env: io.env,
  });
  child.once("error", onError);
  child.unref();
}

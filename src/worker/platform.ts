import { constants } from "node:os";

/**
 * What differs by platform when a command is run. Linux is what the tests run on; macOS takes the same branches where
 * /proc is not needed; the Windows branch has not been run anywhere yet.
 */
export function shellArgv(command: string): string[] {
  return process.platform === "win32"
    ? ["cmd.exe", "/d", "/s", "/c", `"${command}"`]
    : ["/bin/sh", "-c", command];
}

/** The number of a signal, for exit codes of the form 128 + n. */
export function signalNumber(signal: string): number {
  return (constants.signals as Record<string, number | undefined>)[signal] ?? 0;
}

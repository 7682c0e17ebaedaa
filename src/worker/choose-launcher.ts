import { join } from "node:path";
import { QueuectlError } from "../domain/errors.ts";
import type { Launcher } from "./launcher.ts";
import { NativeLauncher } from "./native-launcher.ts";
import { nodeLauncher } from "./node-launcher.ts";

/**
 * The native launcher where one was built for this system and runs, else Node's. `QUEUECTL_LAUNCHER` decides it.
 * @param directory where the built files are
 * @throws invalid_setting for a launcher that does not exist, worker_failed when the native one is demanded in vain
 */
export async function chooseLauncher(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Launcher> {
  const wanted = env["QUEUECTL_LAUNCHER"];
  if (wanted === "node") return nodeLauncher;
  if (wanted !== undefined && wanted !== "" && wanted !== "native")
    throw new QueuectlError("invalid_setting", `QUEUECTL_LAUNCHER cannot be "${wanted}"`, {
      hint: "It is native or node; without it, the better one that runs here is taken.",
    });
  try {
    return await NativeLauncher.start(nativeLauncherPath(directory));
  } catch (cause) {
    if (wanted !== "native") return nodeLauncher;
    throw new QueuectlError("worker_failed", `Cannot use the native launcher: ${(cause as Error).message}`, {
      hint: "Build it with a C compiler on Linux (npm run build), or unset QUEUECTL_LAUNCHER.",
      cause,
    });
  }
}

/** Built for one system and processor; the name says for which. */
export function nativeLauncherPath(directory: string): string {
  return join(directory, `launcher-${process.platform}-${process.arch}`);
}

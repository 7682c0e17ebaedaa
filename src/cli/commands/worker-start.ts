import { QueuectlError } from "../../domain/errors.ts";
import { storeExists } from "../../store/open-store.ts";
import { readCount } from "../arguments.ts";
import type { Invocation } from "../command.ts";
import { storeLocation } from "../context.ts";
import type { Io } from "../io.ts";

/** One worker here, or several: which of the three ways to start is decided here, and done in a file each. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { options } = invocation;
  if (options.has("foreground") && options.has("background")) {
    throw new QueuectlError("invalid_usage", "--foreground and --background exclude each other", {
      hint: "Give one of them.",
    });
  }
  const count = readCount(options, "count", { min: 1, max: MOST_WORKERS }) ?? 1;
  if (isBackground(invocation, io))
    return await (await import("../start-in-background.ts")).startInBackground(count, invocation, io);
  if (process.pid === 1) (await import("../leave-init.ts")).leaveInit();
  if (count > 1) {
    const isStoreThere = () => storeExists(storeLocation(invocation, io).path);
    return await (await import("../start-foreground-pool.ts")).startForegroundPool(count, isStoreThere);
  }
  return await (await import("../run-worker.ts")).runWorker(invocation, io);
}

const MOST_WORKERS = 1_000;

/** `--count`, even of one, asks for the background; but what an init system started must not leave it. */
function isBackground({ options }: Invocation, io: Io): boolean {
  if (options.has("foreground")) return false;
  if (options.has("background")) return true;
  return options.has("count") && !isUnderInit(io);
}

/** PID 1 of a container, or the main process of a systemd unit (systemd.exec(5)); or its child, below the shim. */
function isUnderInit({ env }: Io): boolean {
  const isBelowShim = env["QUEUECTL_SHIM_PID"] === String(process.ppid);
  const main = isBelowShim ? process.ppid : process.pid;
  return main === 1 || env["SYSTEMD_EXEC_PID"] === String(main);
}

import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { LaunchedProcess, Launcher, OutputStream, ProcessEnd, Program } from "./launcher.ts";
import { signalGroup } from "./platform.ts";
import { killMarked, TREE_MARKER } from "./process-tree.ts";
import { pause } from "./timer.ts";

type OnOutput = Parameters<Launcher["launch"]>[1];

/**
 * Node's own `child_process`: no native code, at the price of forking the whole worker for each job (1.2 ms). What leaves
 * its group is found by the marker in its environment, by nothing else; the output goes through sockets, which a job cannot
 * open as /dev/stdout.
 */
export const nodeLauncher: Launcher = {
  launch(program: Program, onOutput: OnOutput): LaunchedProcess {
    try {
      return follow(start(program), program, onOutput);
    } catch (error) {
      // Some refusals are thrown (E2BIG, a NUL in an argument), others arrive as an event: both are outcomes.
      return refused((error as NodeJS.ErrnoException).code ?? String(error));
    }
  },
};

function start({ argv, cwd, env, stdin, isVerbatim }: Program): ChildProcess {
  const [file = "", ...args] = argv;
  return spawn(file, args, {
    cwd,
    env,
    // setsid: its own session and group, so that a Ctrl-C for the worker does not reach the job.
    detached: true,
    stdio: [stdin === null ? "ignore" : "pipe", "pipe", "pipe"],
    windowsHide: true,
    windowsVerbatimArguments: isVerbatim,
  });
}

/** A program that never ran. */
export function refused(code: string): LaunchedProcess {
  return {
    started: Promise.resolve(undefined),
    ended: Promise.resolve({ kind: "refused", code }),
    usage: null,
    terminate: () => {},
    killTree: async () => {},
    finish: async () => {},
  };
}

function follow(child: ChildProcess, { stdin, env }: Program, onOutput: OnOutput): LaunchedProcess {
  const progress: Progress = { bytes: 0, inHand: 0, activeAt: 0 };
  const streams = [
    read(child.stdout, "stdout", onOutput, progress),
    read(child.stderr, "stderr", onOutput, progress),
  ];
  // A program that does not read its input closes the pipe: EPIPE is not our fault, nor its.
  child.stdin?.on("error", () => {});
  child.stdin?.end(stdin);
  const signal = (name: "SIGTERM" | "SIGCONT" | "SIGKILL"): void => {
    if (child.pid !== undefined) signalGroup(child.pid, name);
  };
  const killEscaped = async (): Promise<void> => {
    const marker = env[TREE_MARKER];
    if (child.pid !== undefined && marker !== undefined) await killMarked(marker);
  };
  return {
    started: Promise.resolve(child.pid),
    ended: endOf(child),
    usage: null,
    terminate: () => {
      signal("SIGTERM");
      // A stopped process would not see its TERM.
      signal("SIGCONT");
    },
    killTree: async () => {
      signal("SIGKILL");
      await killEscaped();
    },
    finish: async () => {
      signal("SIGKILL");
      if (!(await drain(streams, progress))) {
        // Whoever holds a pipe still has left the group, and would write on into a log that is closed.
        await killEscaped();
        await drain(streams, progress);
      }
      child.stdout?.destroy();
      child.stderr?.destroy();
      // One that could not be killed keeps nobody from ending.
      child.unref();
    },
  };
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      resolve({ kind: "refused", code: error.code ?? error.message }),
    );
    child.once("exit", (exitCode, signal) => {
      resolve(signal === null ? { kind: "exited", exitCode: exitCode ?? 0 } : { kind: "signalled", signal });
    });
  });
}

/** How far the reading of both streams has come. */
interface Progress {
  bytes: number;
  /** Pieces that were handed over and are not yet taken. */
  inHand: number;
  /** When there last was a piece, or one was taken. */
  activeAt: number;
}

function read(
  stream: Readable | null,
  name: OutputStream,
  onOutput: OnOutput,
  progress: Progress,
): Promise<void> {
  if (!stream) return Promise.resolve();
  stream.on("data", (bytes: Buffer) => {
    progress.bytes += bytes.length;
    progress.activeAt = performance.now();
    const taken = onOutput(name, bytes);
    if (!taken) return;
    progress.inHand += 1;
    stream.pause();
    void taken.finally(() => {
      progress.inHand -= 1;
      progress.activeAt = performance.now();
      stream.resume();
    });
  });
  return finished(stream).catch(() => {});
}

/** How long a pipe may stay open and silent once the process is gone. */
const SILENCE_MS = 200;
/** What the process itself had written is in the pipe, and is read at once: more, or for longer, is somebody else's. */
const MOST_BYTES_AFTER_EXIT = 4 * 1_048_576;
const MOST_MS_AFTER_EXIT = 1_000;

/**
 * True when all that was printed has been handed over. False, soon, when a process that has left the group still holds a
 * pipe.
 */
async function drain(streams: Promise<void>[], progress: Progress): Promise<boolean> {
  let isDrained = false;
  const drained = Promise.all(streams).then(() => {
    isDrained = true;
  });
  progress.activeAt = performance.now();
  const mostBytes = progress.bytes + MOST_BYTES_AFTER_EXIT;
  let spentMs = 0;
  while (!isDrained && !isSilent(progress) && progress.bytes < mostBytes && spentMs < MOST_MS_AFTER_EXIT) {
    const from = performance.now();
    await Promise.race([drained, pause(SILENCE_MS)]);
    // After a blocked event loop the timers come first; what waits in the pipes is read before anyone calls them silent.
    await new Promise((resolve) => setImmediate(resolve));
    if (progress.inHand === 0) spentMs += performance.now() - from;
  }
  return isDrained;
}

/** A slow disk is not silence: while a piece is in hand, its stream is not being read. */
function isSilent({ inHand, activeAt }: Progress): boolean {
  return inHand === 0 && performance.now() - activeAt >= SILENCE_MS;
}

import type { ResourceUsage } from "../store/store.ts";

/**
 * Starts processes, hands over what they print, and ends what they leave behind. There are two: `native-launcher.ts`, a
 * small process that is cheap to fork and owns whatever it started, and `node-launcher.ts`, which works everywhere.
 */
export interface Launcher {
  /**
   * Starts a program in its own session and process group. Never throws: what the system refuses, at once or later, is
   * a way to end.
   * @param onOutput gets each piece as it comes; while the promise that it returns is open, that stream is not read,
   *   and a program that prints on is held back by its full pipe
   */
  launch(
    program: Program,
    onOutput: (stream: OutputStream, bytes: Buffer) => Promise<void> | undefined,
  ): LaunchedProcess;
}

export type OutputStream = "stdout" | "stderr";

export interface Program {
  /** Program and arguments; not a shell line. */
  argv: readonly string[];
  /** Absolute; undefined means the worker's own. */
  cwd: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  /** Windows: the arguments are one command line already, and are passed on as they stand. */
  isVerbatim: boolean;
  /** What it reads; null means /dev/null. */
  stdin: string | null;
}

export interface LaunchedProcess {
  /** Its pid, which is its session and its group too; undefined for one that never ran, or was over before it was asked. */
  readonly started: Promise<number | undefined>;
  /** When the process itself has ended, whoever else still holds its pipes. */
  readonly ended: Promise<ProcessEnd>;
  /** After the end; null where the launcher cannot tell. */
  readonly usage: ResourceUsage | null;
  /** Says TERM to its group. From now on its ending is the caller's, who calls `killTree` when the grace is over. */
  terminate(): void;
  /** Kills it and all that came of it. Resolves when nothing of it runs, or cannot be killed. */
  killTree(): Promise<void>;
  /**
   * To be called after the end: kills what is left, hands over the rest of the output, and resolves when nobody can print
   * any more.
   */
  finish(): Promise<void>;
}

export type ProcessEnd =
  | { kind: "exited"; exitCode: number }
  | { kind: "signalled"; signal: NodeJS.Signals }
  /** Never ran. `code` is the system's, such as ENOENT, E2BIG, EAGAIN. */
  | { kind: "refused"; code: string }
  /** Its launcher died, and took along all that ran under it: so many, this one included. */
  | { kind: "lost"; together: number };

/**
 * Starts processes and hands over what they print. The part that is worth replacing (by a small native process that is
 * cheaper to fork), hence an interface; `node-launcher.ts` is the one that always works.
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
  /** The process, its session and its group; undefined when it could not be started. */
  readonly pid: number | undefined;
  /** When the process itself has ended, whoever else still holds its pipes. */
  readonly ended: Promise<ProcessEnd>;
  /**
   * To be called after the end: true when all that was printed has been handed over. False, soon, when a process that
   * has left the group still holds a pipe.
   */
  drain(): Promise<boolean>;
  /** Reads no more. */
  close(): void;
}

export type ProcessEnd =
  | { kind: "exited"; exitCode: number }
  | { kind: "signalled"; signal: NodeJS.Signals }
  /** Never ran. `code` is the system's, such as ENOENT, E2BIG, EAGAIN. */
  | { kind: "refused"; code: string };

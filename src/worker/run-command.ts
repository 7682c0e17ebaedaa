import { accessSync, constants, statSync } from "node:fs";
import { NOT_EXECUTABLE, NOT_FOUND, type Outcome } from "../domain/outcome.ts";
import type { Store } from "../store/store.ts";
import { jobEnvironment } from "./job-environment.ts";
import type { LaunchedProcess, Launcher, ProcessEnd } from "./launcher.ts";
import { isGroupRunning, shellArgv, shellIsVerbatim, shellScriptArgv } from "./platform.ts";
import type { ClaimRun, OnOutput, RunClaim, RunEnd, RunLimits, StopCause } from "./run-claim.ts";
import { removeScript, writeScript } from "./script-file.ts";
import { after, pause } from "./timer.ts";

/** One execution of a command, as data. */
export interface CommandSpec extends RunLimits {
  command: string;
  /** The file that holds the command, when it is too long for an argument. */
  script: string | null;
  /** Run without a shell when given. */
  argv: readonly string[] | null;
  cwd: string | null;
  env: Readonly<Record<string, string | undefined>>;
  stdin: string | null;
}

/** What the commands of a worker share. */
export interface CommandContext {
  store: Pick<Store, "name" | "id">;
  launcher: Launcher;
  /** The worker's own variables. */
  env: Readonly<Record<string, string | undefined>>;
}

/** Runs claims as the commands that they hold. */
export function commandRunner({ store, launcher, env }: CommandContext): RunClaim {
  return (claim, limits, onOutput) => {
    const { command, argv, cwd, stdin } = claim.job;
    const script = writeScript(claim, store);
    const run = runCommand(
      { command, script, argv, cwd, stdin, env: jobEnvironment(claim, store, env), ...limits },
      launcher,
      onOutput,
    );
    return script ? { ...run, ended: run.ended.finally(() => removeScript(store, claim.token)) } : run;
  };
}

/**
 * Runs a command to the end of its first process. What is left of its group then is killed at once: a grandchild that
 * holds a pipe must not hold the job. A stop is TERM to its group, and after the grace KILL to its whole tree.
 */
export function runCommand(spec: CommandSpec, launcher: Launcher, onOutput: OnOutput): ClaimRun {
  const argv = spec.argv ?? (spec.script ? shellScriptArgv(spec.script) : shellArgv(spec.command));
  const { env, stdin, cwd } = spec;
  const launched = launcher.launch(
    { argv, env, stdin, cwd: cwd ?? undefined, isVerbatim: spec.argv === null && shellIsVerbatim },
    onOutput,
  );
  const stopping = new TreeStop(launched);
  const stop: ClaimRun["stop"] = (cause, graceMs = spec.killGraceMs) => stopping.stop(cause, graceMs);
  const callOff =
    spec.timeoutMs > 0
      ? after(spec.timeoutMs, () => stop({ kind: "timed_out", afterMs: spec.timeoutMs }))
      : () => {};
  return { ended: follow(spec, launched, stopping).finally(callOff), stop };
}

async function follow(spec: CommandSpec, launched: LaunchedProcess, stopping: TreeStop): Promise<RunEnd> {
  const end = await Promise.race([launched.ended, stopping.givenUp]);
  await stopping.settled();
  await launched.finish();
  const { usage } = launched;
  if (end.kind === "refused") return { ...explainRefusal(spec, end.code), usage };
  if (stopping.cause) return { outcome: stopping.cause, error: null, usage };
  if (end.kind === "lost")
    return { outcome: { kind: "lost" }, error: LAUNCHER_DIED, lostTogether: end.together, usage };
  return { outcome: outcomeOf(end), error: null, usage };
}

const LAUNCHER_DIED = "the launcher of its worker died";

/** How long between two looks whether a group that got its TERM is gone; longer from look to look, up to the second. */
const FIRST_LOOK_MS = 10;
const LONGEST_LOOK_MS = 200;
/** A process that became another user's, or hangs in the kernel, outlives its KILL; nobody waits for it for ever. */
const GIVE_UP_AFTER_MS = 5_000;

/** Ends a process tree, once. */
class TreeStop {
  readonly #launched: LaunchedProcess;
  #deadline = Number.POSITIVE_INFINITY;
  #stopped: Promise<void> | undefined;
  /** The first cause wins: it is what the execution ended for. */
  cause: StopCause | undefined;
  /** When the end of a killed process does not come. */
  readonly givenUp: Promise<ProcessEnd>;
  readonly #giveUp: (end: ProcessEnd) => void;
  #isOver = false;

  constructor(launched: LaunchedProcess) {
    this.#launched = launched;
    const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
    this.givenUp = promise;
    this.#giveUp = resolve;
  }

  stop(cause: StopCause, graceMs: number): void {
    if (this.#isOver) return;
    this.#deadline = Math.min(this.#deadline, performance.now() + graceMs);
    if (this.cause) return;
    this.cause = cause;
    this.#stopped = this.#endTree();
  }

  /** After the first process has ended: waits for an ending under way, and lets none begin any more. */
  async settled(): Promise<void> {
    this.#isOver = this.cause === undefined;
    await this.#stopped;
  }

  async #endTree(): Promise<void> {
    this.#launched.terminate();
    const termAtMs = performance.now();
    // Not waited for: a stopped keeper (`kill -STOP $PPID`) never says it.
    let group: number | "unsaid" | undefined = "unsaid";
    void this.#launched.started.then((pid) => {
      group = pid;
    });
    await null;
    // The shell may go at once and leave a child that is still tidying up: the grace is the group's.
    for (
      let lookMs = FIRST_LOOK_MS;
      group !== undefined && performance.now() < this.#deadline;
      lookMs = Math.min(2 * lookMs, LONGEST_LOOK_MS)
    ) {
      await pause(Math.min(lookMs, Math.max(0, this.#deadline - performance.now())));
      if (typeof group === "number" && !isGroupRunning(group, termAtMs)) break;
    }
    await this.#launched.killTree();
    const callOff = after(GIVE_UP_AFTER_MS, () => this.#giveUp({ kind: "lost", together: 1 }));
    void this.#launched.ended.finally(callOff);
  }
}

function outcomeOf(end: Exclude<ProcessEnd, { kind: "refused" | "lost" }>): Outcome {
  if (end.kind === "signalled") return { kind: "signalled", signal: end.signal };
  return end.exitCode === 0 ? { kind: "succeeded" } : { kind: "failed", exitCode: end.exitCode };
}

/**
 * A command that does not exist is a failure like any other, in both forms, and so gets the shell's codes. What the
 * system refuses is something else: the same command may run elsewhere or later.
 */
function explainRefusal({ argv, cwd }: CommandSpec, code: string): RunEnd {
  const fault = cwd === null ? undefined : directoryFault(cwd);
  if (fault !== undefined) return spawnFailed(`the working directory ${cwd} ${fault}`);
  if (argv !== null && code === "ENOENT") {
    return { outcome: { kind: "failed", exitCode: NOT_FOUND }, error: `command not found: ${argv[0]}` };
  }
  if (argv !== null && (code === "EACCES" || code === "ENOEXEC" || code === "EISDIR")) {
    return { outcome: { kind: "failed", exitCode: NOT_EXECUTABLE }, error: `not executable: ${argv[0]}` };
  }
  if (code === "E2BIG")
    return spawnFailed("the command and its environment are too long for this system (E2BIG)");
  if (code === "ENOENT") return spawnFailed("there is no shell /bin/sh on this host (ENOENT)");
  if (code === "EAGAIN") return spawnFailed("the system has no room for another process (EAGAIN)");
  if (code === "EMFILE" || code === "ENFILE") return spawnFailed(`too many files are open (${code})`);
  return spawnFailed(`the system refused to start it (${code})`);
}

function spawnFailed(cause: string): RunEnd {
  return { outcome: { kind: "spawn_failed", cause }, error: cause };
}

/** What is wrong with a directory that a process was to start in; undefined when nothing is. */
function directoryFault(path: string): string | undefined {
  try {
    if (!statSync(path).isDirectory()) return "is not a directory";
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR"
      ? "does not exist on this host"
      : `cannot be used (${code})`;
  }
}

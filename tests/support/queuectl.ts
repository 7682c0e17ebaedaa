import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, onTestFinished } from "vitest";
import { quoteArgv } from "../../src/domain/shell-quote.ts";

/**
 * Runs the real command, in a home of its own. Everything that is started here, and everything that that starts, bears
 * the home's name in its environment, so that the end of a test finds and ends it by pid, whatever became of the test.
 */
const COMMAND = fileURLToPath(new URL("../../queuectl.js", import.meta.url));

/** What one command line did. */
export interface Result {
  /** Null when a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Output that need not be text. */
  bytes: { stdout: Buffer; stderr: Buffer };
}

export interface RunOptions {
  /** Without it the command reads nothing. */
  stdin?: string | Uint8Array;
  /** Over the home's own; undefined takes a variable away. */
  env?: Readonly<Record<string, string | undefined>>;
  /** The home's working directory unless given. */
  cwd?: string;
  /** What starts it instead: a program and its words (`setpriv`, `unshare`), that runs the line which follows them. */
  through?: readonly string[];
}

/** For one test: goes away with everything in it when the test ends. */
export function homeForTest(): Home {
  const home = new Home();
  onTestFinished(() => home.close());
  return home;
}

/** For all tests of a file or of a `describe`, in whose body this is called. */
export function homeForFile(): Home {
  const home = new Home();
  afterAll(() => home.close());
  return home;
}

/** Longer than any command of a test takes on a busy machine; one that does not end must not hang the tests. */
const LIMIT_MS = 60_000;

/** A home, a directory to work in, and what runs there. */
export class Home {
  /** Everything of this home is below it. */
  readonly root: string = mkdtempSync(join(tmpdir(), "queuectl-e2e-"));
  /** `QUEUECTL_HOME`; not there before the command makes it. */
  readonly path: string = join(this.root, "home");
  /** Where commands run. */
  readonly cwd: string = join(this.root, "work");
  /** The store that a command uses when none is named. */
  readonly db: string = join(this.path, "queue.db");
  readonly #running = new Set<RunningCommand>();

  constructor() {
    mkdirSync(this.cwd);
  }

  /** Runs `queuectl` with these words to its end. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return await this.start(args, options).ended();
  }

  /** The standard output of a command line that must succeed. */
  async ok(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(args);
    if (exitCode !== 0) throw new Error(`queuectl ${args.join(" ")} ended with ${exitCode}: ${stderr}`);
    return stdout;
  }

  /** The JSON answer of a command line that must succeed; `--json` is added. */
  async json<T = unknown>(...args: string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, "--json")) as T;
  }

  /** Starts `queuectl` with these words and does not wait for its end. */
  start(args: readonly string[], options: RunOptions = {}): RunningCommand {
    return this.#start([...(options.through ?? []), process.execPath, COMMAND, ...args], options);
  }

  /** Starts another program of Node's, in the same surroundings. */
  startNode(args: readonly string[], options: RunOptions = {}): RunningCommand {
    return this.#start([process.execPath, ...args], options);
  }

  /** A worker in the foreground, once it polls for jobs. */
  async startWorker(args: readonly string[] = [], options: RunOptions = {}): Promise<RunningCommand> {
    const worker = this.start(["worker", "start", ...args], options);
    await worker.printed("Polling for jobs...");
    return worker;
  }

  /** Runs all that is due, and the retries of what fails, in a worker that exits when nothing is left. */
  async drain(...args: string[]): Promise<void> {
    await this.ok("worker", "start", "--drain", ...args);
  }

  /** A line of shell in which `queuectl` is the command: for pipes between programs. */
  async shell(line: string, options: RunOptions = {}): Promise<Result> {
    const script = `queuectl() { ${quoteArgv([process.execPath, COMMAND])} "$@"; }\n${line}`;
    return await this.#start(["/bin/sh", "-c", script], options).ended();
  }

  /**
   * Runs `queuectl` on a terminal of its own, and gives what it would show as `stdout`, line breaks as `\n`.
   * With `stderrApart`, standard error does not reach the screen. Needs `script` of util-linux.
   */
  async terminal(
    args: readonly string[],
    {
      columns = 80,
      stderrApart = false,
      ...options
    }: RunOptions & { columns?: number; stderrApart?: boolean } = {},
  ): Promise<Result> {
    const apart = join(this.root, "terminal.stderr");
    const line = `stty cols ${columns} rows 24; exec ${quoteArgv([process.execPath, COMMAND, ...args])}`;
    const whole = stderrApart ? `${line} 2>${quoteArgv([apart])}` : line;
    const result = await this.#start(["script", "-qec", whole, "/dev/null"], options).ended();
    const stderr = stderrApart ? readFileSync(apart, "utf8") : "";
    return { ...result, stdout: result.stdout.replaceAll("\r\n", "\n"), stderr: stderr + result.stderr };
  }

  /** Writes a file in the working directory, and gives its name. */
  write(name: string, content: string | Uint8Array): string {
    writeFileSync(join(this.cwd, name), content);
    return name;
  }

  /** Everything in the home's directories, for a look at what was created: paths below the root, sorted. */
  files(): string[] {
    return readdirSync(this.root, { recursive: true, encoding: "utf8" }).sort();
  }

  /** The living processes of this home: commands, workers, jobs and whatever those left behind. */
  processes(): number[] {
    if (!existsSync("/proc")) return [...this.#running].map(({ pid }) => pid);
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => readEnvironment(pid).includes(`\0${MARKER}=${this.root}\0`))
      .map(Number);
  }

  /** Ends every process of this home and removes its directories. */
  async close(): Promise<void> {
    if (this.processes().length > 0 && existsSync(this.db)) await this.#stopWorkers();
    await until(() => {
      const left = this.processes();
      for (const pid of left) endProcess(pid);
      return left.length === 0;
    }, "every process of the home to end");
    await Promise.all([...this.#running].map((command) => command.ended()));
    rmSync(this.root, { recursive: true, force: true });
  }

  /** As people do it; but one that cannot hear (a stopped process) is not waited for long. */
  async #stopWorkers(): Promise<void> {
    const { stdout } = await this.run(["worker", "stop", "--force", "--no-wait", "--json"]);
    if (!stdout.includes('"pid"')) return;
    await until(() => this.processes().length === 0, "the workers to stop", STOP_LIMIT_MS).catch(() => {});
  }

  #start(argv: readonly string[], { stdin, env, cwd }: RunOptions): RunningCommand {
    const [file = "", ...args] = argv;
    const child = spawn(file, args, {
      cwd: cwd ?? this.cwd,
      env: { ...this.environment(), ...env },
      stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    const command = new RunningCommand(child, argv.slice(1).join(" "));
    this.#running.add(command);
    child.once("close", () => this.#running.delete(command));
    // Who reads nothing (a usage error) closes the pipe: not this side's fault.
    child.stdin?.on("error", () => {});
    child.stdin?.end(stdin);
    return command;
  }

  /** Nothing of the tests' own environment that could change what a command does. */
  environment(): Record<string, string | undefined> {
    return {
      // First an entry that is no marker: each entry then stands between two zero bytes.
      PATH: process.env["PATH"],
      [MARKER]: this.root,
      HOME: this.root,
      QUEUECTL_HOME: this.path,
      TERM: "xterm-256color",
      LANG: "C.UTF-8",
      TZ: "UTC",
      // The whole suite is run with each.
      QUEUECTL_LAUNCHER: process.env["QUEUECTL_LAUNCHER"],
    };
  }
}

const STOP_LIMIT_MS = 10_000;

/** Names the home in the environment of all its processes. */
export const MARKER = "QUEUECTL_TEST_ROOT";

/** Empty for a process that ended meanwhile, or is somebody else's. */
function readEnvironment(pid: string): string {
  try {
    return `\0${readFileSync(join("/proc", pid, "environ"), "latin1")}`;
  } catch {
    return "";
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** A command line that runs, and what it has printed so far. */
export class RunningCommand {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #ended: Promise<Pick<Result, "exitCode" | "signal">>;
  readonly #chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };

  constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.#name = name;
    this.pid = child.pid ?? 0;
    for (const stream of ["stdout", "stderr"] as const)
      child[stream]?.on("data", (bytes: Buffer) => this.#chunks[stream].push(bytes));
    this.#ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exitCode, signal) => resolve({ exitCode, signal }));
    });
    // Whoever asks for the end is told; nobody has to ask.
    this.#ended.catch(() => {});
  }

  get stdout(): string {
    return this.#bytes("stdout").toString("utf8");
  }

  get stderr(): string {
    return this.#bytes("stderr").toString("utf8");
  }

  /** Sends a signal to the command itself. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Nobody reads its standard output from now on. */
  closeStdout(): void {
    this.#child.stdout?.destroy();
  }

  /** Resolves when the command has printed this, on either stream; fails when it ends without it. */
  async printed(text: string | RegExp): Promise<void> {
    await until(() => {
      const said = this.stdout + this.stderr;
      if (typeof text === "string" ? said.includes(text) : text.test(said)) return true;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`${this.#name} ended without saying ${text}:\n${said}`);
      return false;
    }, `${this.#name} to print ${text}`);
  }

  /** Resolves when the command has ended and all its output is read. */
  async ended(): Promise<Result> {
    const limit = new AbortController();
    const tooLong = pause(LIMIT_MS, undefined, { signal: limit.signal }).then(() => {
      throw new Error(`${this.#name} did not end:\n${this.stdout}${this.stderr}`);
    });
    try {
      const end = await Promise.race([this.#ended, tooLong]);
      const bytes = { stdout: this.#bytes("stdout"), stderr: this.#bytes("stderr") };
      return { ...end, stdout: this.stdout, stderr: this.stderr, bytes };
    } finally {
      tooLong.catch(() => {});
      limit.abort();
    }
  }

  #bytes(stream: "stdout" | "stderr"): Buffer {
    return Buffer.concat(this.#chunks[stream]);
  }
}

const LOOK_EVERY_MS = 20;

/**
 * Waits until something is so, and gives it: the first answer that is neither false nor undefined nor null. What throws
 * ends the wait.
 * @param what what is waited for, as the failure names it
 */
export async function until<T>(
  look: () => T | Promise<T>,
  what: string,
  limitMs: number = LIMIT_MS,
): Promise<Exclude<T, false | undefined | null>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== undefined && seen !== null)
      return seen as Exclude<T, false | undefined | null>;
    if (performance.now() > end) throw new Error(`Waited ${limitMs} ms in vain for ${what}.`);
    await pause(LOOK_EVERY_MS);
  }
}

import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { LaunchedProcess, Launcher, Program } from "./launcher.ts";
import { NativeJob } from "./native-job.ts";
import { encodeSpawn, type Message, MessageReader } from "./native-protocol.ts";
import { nodeLauncher, refused } from "./node-launcher.ts";

type OnOutput = Parameters<Launcher["launch"]>[1];

/**
 * Jobs under a process of its own (`native/`), which is cheap to fork and owns whatever they start. When that process is
 * killed, its jobs end as lost and the next one starts another. One that cannot even be started is done without: for a
 * moment where the system had no room, for good where another attempt would not go better.
 */
export class NativeLauncher implements Launcher {
  readonly #path: string;
  #process: LauncherProcess;

  private constructor(path: string, process: LauncherProcess) {
    this.#path = path;
    this.#process = process;
  }

  /** @throws when there is no program that can be run, or it does not speak our protocol */
  static async start(path: string): Promise<NativeLauncher> {
    const process = new LauncherProcess(path);
    if (!(await process.ready)) throw new Error(`${path} does not run here`);
    return new NativeLauncher(path, process);
  }

  launch(program: Program, onOutput: OnOutput): LaunchedProcess {
    if (this.#process.isOver && !this.#restart()) return nodeLauncher.launch(program, onOutput);
    return this.#process.launch(program, onOutput);
  }

  #restart(): boolean {
    if (this.#process.hasFailed || performance.now() < this.#process.againAtMs) return false;
    try {
      this.#process = new LauncherProcess(this.#path);
      return true;
    } catch {
      // No room for another process or descriptor at this moment.
      return false;
    }
  }
}

/** No room for another process: the same may go well later. */
const PASSING = new Set(["EAGAIN", "ENOMEM", "EMFILE", "ENFILE"]);
const AGAIN_AFTER_MS = 1_000;

/** One life of the launcher. */
class LauncherProcess {
  /** True once it has said that it is there; false when it ended without. */
  readonly ready: Promise<boolean>;
  readonly #socket: Socket;
  readonly #jobs = new Map<number, NativeJob>();
  readonly #reader = new MessageReader();
  readonly #setReady: (isReady: boolean) => void;
  #isReady = false;
  #lastJob = 0;
  isOver = false;
  /** When the next may be tried. */
  againAtMs = 0;

  constructor(path: string) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.ready = promise;
    this.#setReady = resolve;
    const child = spawn(path, [], {
      // A session of its own: a Ctrl-C for the worker must not reach it.
      detached: true,
      // Nothing: with the marker of a job in which this worker runs, it would be killed beside the worker, not after it.
      env: {},
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    });
    child.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
      if (PASSING.has(code)) this.#refuse(code);
      else this.#end();
    });
    child.unref();
    this.#socket = child.stdio[3] as Socket;
    this.#socket.on("data", (bytes: Buffer) => this.#read(bytes));
    // A write to one that has just died; its close follows.
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.#end());
  }

  /** It ended before it could serve anyone: another attempt would not go better. */
  get hasFailed(): boolean {
    return this.isOver && !this.#isReady && this.againAtMs === 0;
  }

  launch(program: Program, onOutput: OnOutput): LaunchedProcess {
    this.#lastJob = (this.#lastJob + 1) >>> 0;
    const id = this.#lastJob;
    const frame = encodeSpawn(id, program);
    if (typeof frame === "string") return refused(frame);
    const send = (bytes: Buffer): void => this.#send(bytes);
    const job = new NativeJob({ id, program, send, onOutput });
    this.#jobs.set(id, job);
    this.#socket.ref();
    this.#send(frame);
    return job;
  }

  /** What is said in one turn of the event loop goes out together. */
  #send(bytes: Buffer): void {
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    this.#socket.write(bytes);
  }

  #read(bytes: Buffer): void {
    try {
      for (const message of this.#reader.read(bytes)) this.#hear(message);
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  #hear(message: Message): void {
    if (message.kind === "hello") {
      this.#isReady = true;
      this.#setReady(true);
      this.#releaseWhenIdle();
      return;
    }
    this.#jobs.get(message.job)?.hear(message);
    if (message.kind === "gone" || message.kind === "refused" || message.kind === "lost")
      this.#forget(message.job);
  }

  #forget(job: number): void {
    this.#jobs.delete(job);
    this.#releaseWhenIdle();
  }

  /** Idle, it keeps nobody from ending. */
  #releaseWhenIdle(): void {
    if (this.#jobs.size === 0) this.#socket.unref();
  }

  /** It never ran, and so did none of its jobs. */
  #refuse(code: string): void {
    this.againAtMs = performance.now() + AGAIN_AFTER_MS;
    for (const job of this.#jobs.keys()) this.#hear({ kind: "refused", job, code });
    this.#end();
  }

  #end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#setReady(false);
    for (const job of this.#jobs.values()) job.abandon(this.#jobs.size);
    this.#jobs.clear();
  }
}

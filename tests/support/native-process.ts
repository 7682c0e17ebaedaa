import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";
import { compileLauncher } from "../../scripts/build-launcher.ts";
import type { Program } from "../../src/worker/launcher.ts";
import { encodeSpawn, type Message, MessageReader } from "../../src/worker/native-protocol.ts";
import { until } from "./queuectl.ts";
import { kill } from "./worker-processes.ts";

/**
 * The native launcher of this checkout, compiled so that it reports every access beyond its memory and every undefined
 * operation, and dies of it.
 * @returns its path, for the tests of a file
 */
export function compileSanitized(): string {
  const directory = mkdtempSync(join(tmpdir(), "queuectl-native-"));
  // For a launcher that is not root's too.
  chmodSync(directory, 0o755);
  afterAll(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "launcher");
  const reason = compileLauncher(path, ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
  if (reason !== undefined) throw new Error(reason);
  return path;
}

type MessageOf<Kind extends Message["kind"]> = Extract<Message, { kind: Kind }>;

/** A launcher that runs, with the test in the place of the worker. */
export class NativeProcess {
  readonly messages: Message[] = [];
  readonly #path: string;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #reader = new MessageReader();
  readonly #ended: Promise<number | NodeJS.Signals | null>;
  stderr = "";

  /** @param uid whose process it is; only root may say so */
  constructor(path: string, uid?: number) {
    this.#path = path;
    const stdio = ["ignore", "ignore", "pipe", "pipe"] as const;
    this.#child = spawn(path, [], { detached: true, env: {}, stdio: [...stdio], ...(uid && { uid }) });
    this.#socket = this.#child.stdio[3] as Socket;
    this.#socket.on("data", (bytes: Buffer) => this.messages.push(...this.#reader.read(bytes)));
    this.#socket.on("error", () => {});
    this.#child.stderr?.on("data", (bytes: Buffer) => {
      this.stderr += bytes;
    });
    this.#ended = new Promise((resolve) =>
      this.#child.once("exit", (code, signal) => resolve(code ?? signal)),
    );
    onTestFinished(async () => {
      this.#socket.destroy();
      await until(() => this.processes.length === 0, "the launcher and its keepers to end");
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The launcher and its keepers: whatever runs this very program. */
  get processes(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && programOf(name) === this.#path)
      .map(Number);
  }

  send(...frames: Buffer[]): void {
    for (const frame of frames) this.#socket.write(frame);
  }

  spawn(job: number, argv: readonly string[], given: Partial<Program> = {}): void {
    const env = { PATH: process.env["PATH"] };
    const frame = encodeSpawn(job, { argv, cwd: undefined, env, isVerbatim: false, stdin: null, ...given });
    if (typeof frame === "string") throw new Error(frame);
    this.send(frame);
  }

  shell(job: number, line: string, given: Partial<Program> = {}): void {
    this.spawn(job, ["/bin/sh", "-c", line], given);
  }

  /** All that it has said of this kind about a job. */
  heard<Kind extends Message["kind"]>(kind: Kind, job: number): MessageOf<Kind>[] {
    return this.messages.filter(
      (message): message is MessageOf<Kind> =>
        message.kind === kind && "job" in message && message.job === job,
    );
  }

  async hears<Kind extends Message["kind"]>(kind: Kind, job: number): Promise<MessageOf<Kind>> {
    return await until(() => this.heard(kind, job)[0], `the launcher to say ${kind} of ${job}`);
  }

  output(job: number, stream = "stdout"): string {
    const pieces = this.heard("output", job).filter((piece) => piece.stream === stream);
    return Buffer.concat(pieces.map(({ bytes }) => bytes)).toString();
  }

  /** A number that the job has printed as a line. */
  async printedPid(job: number): Promise<number> {
    const pid = await until(() => /^(\d+)\n/.exec(this.output(job))?.[1], `job ${job} to print a pid`);
    onTestFinished(() => kill(Number(pid)));
    return Number(pid);
  }

  /** The worker is gone. */
  hangUp(): void {
    this.#socket.end();
  }

  /** Its exit code, or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    return await this.#ended;
  }
}

function programOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}

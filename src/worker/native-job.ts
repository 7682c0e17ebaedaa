import type { ResourceUsage } from "../store/store.ts";
import type { LaunchedProcess, Launcher, OutputStream, ProcessEnd, Program } from "./launcher.ts";
import { encodeKill, encodeTaken, encodeTerminate, type Message, WINDOW_BYTES } from "./native-protocol.ts";
import { killMarked, TREE_MARKER } from "./process-tree.ts";

interface NativeJobOptions {
  id: number;
  program: Program;
  send(frame: Buffer): void;
  onOutput: Parameters<Launcher["launch"]>[1];
}

/** A job of the native launcher, as its messages tell it. */
export class NativeJob implements LaunchedProcess {
  readonly started: Promise<number | undefined>;
  readonly ended: Promise<ProcessEnd>;
  usage: ResourceUsage | null = null;
  readonly #options: NativeJobOptions;
  readonly #streams: Record<OutputStream, Handover>;
  readonly #setStarted: (pid: number | undefined) => void;
  readonly #setEnded: (end: ProcessEnd) => void;
  readonly #gone = Promise.withResolvers<void>();
  #isOver = false;

  constructor(options: NativeJobOptions) {
    this.#options = options;
    const started = Promise.withResolvers<number | undefined>();
    const ended = Promise.withResolvers<ProcessEnd>();
    this.started = started.promise;
    this.ended = ended.promise;
    this.#setStarted = started.resolve;
    this.#setEnded = ended.resolve;
    this.#streams = { stdout: this.#handover("stdout"), stderr: this.#handover("stderr") };
  }

  terminate(): void {
    this.#say(encodeTerminate);
  }

  async killTree(): Promise<void> {
    this.#say(encodeKill);
    await this.#gone.promise;
  }

  async finish(): Promise<void> {
    await this.#gone.promise;
    await Promise.all([this.#streams.stdout.taken(), this.#streams.stderr.taken()]);
  }

  /** Takes a message about this job. */
  hear(message: Exclude<Message, { kind: "hello" }>): void {
    switch (message.kind) {
      case "started":
        this.#setStarted(message.pid);
        break;
      case "output":
        this.#streams[message.stream].give(message.bytes);
        break;
      case "exited":
        this.usage = { cpuMs: message.cpuMs, maxRssKb: message.maxRssKb };
        this.#setEnded(message.end);
        break;
      case "gone":
        this.#end();
        break;
      case "refused":
        this.#setEnded({ kind: "refused", code: message.code });
        this.#end();
        break;
      case "lost":
        // After its end, of which we were told: something of it could not be killed. Before it: its keeper was killed, most
        // likely by the job itself (`kill -9 $PPID`): as an interruption it would begin anew for ever.
        void this.#lose({ kind: "signalled", signal: "SIGKILL" });
    }
  }

  /** Nobody speaks of it any more: the launcher is dead, and with it so many jobs. */
  abandon(together: number): void {
    void this.#lose({ kind: "lost", together });
  }

  #end(): void {
    this.#isOver = true;
    this.#setStarted(undefined);
    this.#gone.resolve();
  }

  /** The tree is killed by those who are left, but nobody says when that is done, and the job may run again at once. */
  async #lose(end: ProcessEnd): Promise<void> {
    this.#isOver = true;
    this.#setStarted(undefined);
    const marker = this.#options.program.env[TREE_MARKER];
    if (marker !== undefined) await killMarked(marker);
    this.#setEnded(end);
    this.#gone.resolve();
  }

  #say(encode: (job: number) => Buffer): void {
    if (!this.#isOver) this.#options.send(encode(this.#options.id));
  }

  #handover(stream: OutputStream): Handover {
    return new Handover(
      (bytes) => this.#options.onOutput(stream, bytes),
      (bytes) => this.#say((id) => encodeTaken(id, stream, bytes)),
    );
  }
}

/** Hands over one stream piece by piece, and says what was taken before the window is used up. */
class Handover {
  readonly #take: (bytes: Buffer) => Promise<void> | undefined;
  readonly #acknowledge: (bytes: number) => void;
  /** At most a window. */
  #waiting: Buffer[] = [];
  #inHand: Promise<void> | undefined;
  #unsaid = 0;

  constructor(take: (bytes: Buffer) => Promise<void> | undefined, acknowledge: (bytes: number) => void) {
    this.#take = take;
    this.#acknowledge = acknowledge;
  }

  give(bytes: Buffer): void {
    if (this.#inHand) this.#waiting.push(bytes);
    else this.#hand(bytes);
  }

  /** Resolves when everything that was given is taken. */
  async taken(): Promise<void> {
    while (this.#inHand) await this.#inHand;
  }

  #hand(bytes: Buffer): void {
    const taken = this.#take(bytes);
    if (taken) this.#inHand = taken.finally(() => this.#next(bytes.length));
    else this.#say(bytes.length);
  }

  #next(bytes: number): void {
    this.#inHand = undefined;
    this.#say(bytes);
    if (this.#waiting.length === 0) return;
    // Together: a taker that writes a file is slow by the piece, not by the byte.
    const together = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#hand(together);
  }

  #say(bytes: number): void {
    this.#unsaid += bytes;
    if (this.#unsaid < WINDOW_BYTES / 2) return;
    this.#acknowledge(this.#unsaid);
    this.#unsaid = 0;
  }
}

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { quoteArgv } from "../../src/domain/shell-quote.ts";
import { type Home, type Result, until } from "./queuectl.ts";
import { kill } from "./worker-processes.ts";

/** The words that run the command, for a line of shell. */
export const QUEUECTL: string = quoteArgv([
  process.execPath,
  fileURLToPath(new URL("../../queuectl.js", import.meta.url)),
]);

/** A terminal at which somebody sits: it shows, it takes keys, and it can be closed. Needs `script` of util-linux. */
export class Terminal {
  /** What ran in it has ended. */
  readonly ended: Promise<Result>;
  readonly #screen: string;
  readonly #pidFile: string;
  readonly #keys: FileHandle;
  #isOver = false;

  private constructor(ended: Promise<Result>, files: { screen: string; pidFile: string }, keys: FileHandle) {
    this.ended = ended;
    this.#screen = files.screen;
    this.#pidFile = files.pidFile;
    this.#keys = keys;
    const onEnd = async (): Promise<void> => {
      this.#isOver = true;
      await keys.close();
    };
    ended.finally(onEnd).catch(() => {});
  }

  /**
   * Runs a line of shell on a new terminal, as its foreground. By itself a terminal drops at a Ctrl-C what it was about
   * to show: a line that was printed at that moment would never be seen (`noflsh`).
   */
  static async open(home: Home, line: string): Promise<Terminal> {
    const [keys, screen, pidFile] = ["keys", "screen", "pid"].map((name) =>
      join(home.root, `terminal-${++opened}.${name}`),
    ) as [string, string, string];
    execFileSync("/bin/sh", ["-c", `mkfifo '${keys}'`]);
    const ended = home.shell(
      `echo $$ > ${pidFile}; exec script -qfec ${quoteArgv([`stty noflsh; ${line}`])} ${screen} < ${keys} > /dev/null`,
    );
    // Whoever asks for the end is told; nobody has to ask.
    ended.catch(() => {});
    return new Terminal(ended, { screen, pidFile }, await open(keys, "w"));
  }

  get screen(): string {
    return existsSync(this.#screen) ? readFileSync(this.#screen, "utf8").replaceAll("\r\n", "\n") : "";
  }

  async shows(text: string): Promise<void> {
    await until(() => this.screen.includes(text), `the terminal to show ${text}`);
  }

  /** Control-C, to everything in the foreground. */
  async pressCtrlC(): Promise<void> {
    if (this.#isOver) return;
    await this.#keys.write("\x03").catch((error: NodeJS.ErrnoException) => {
      // What ran there has ended just now.
      if (error.code !== "EPIPE") throw error;
    });
  }

  /** The window is closed. */
  close(): void {
    kill(Number(readFileSync(this.#pidFile, "utf8")));
  }
}

let opened = 0;

import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readLines } from "../../scripts/read-screen.ts";
import { quoteArgv } from "../../src/domain/shell-quote.ts";
import { Home, MARKER, until } from "../support/queuectl.ts";
import { Terminal } from "../support/worker-terminal.ts";
import { matches } from "./compare.ts";

const ROOT = join(import.meta.dirname, "../..");

/** One command of a console block, and what the document says that it prints. */
export interface Step {
  command: string;
  shown: string[];
  /** From a comment at its end, `# exit code 4`; 0 without one. */
  exitCode: number;
  /** By the comment `# after a moment` at its end: a reader who is too early is told to type it again. */
  isAfterMoment: boolean;
}

/** Reads a console block: `$ ` begins a command, `> ` goes on with it, all else is output. */
export function readSteps(text: string): Step[] {
  const steps: Step[] = [];
  for (const line of text.split("\n")) {
    const step = steps.at(-1);
    if (line.startsWith("$ ")) {
      const exitCode = Number(/ # exit code (\d+)$/.exec(line)?.[1] ?? 0);
      steps.push({
        command: line.slice(2),
        shown: [],
        exitCode,
        isAfterMoment: line.endsWith(" # after a moment"),
      });
    } else if (!step) {
      throw new Error(`A console block begins with a command: ${line}`);
    } else if (line.startsWith("> ") && step.shown.length === 0) {
      step.command += `\n${line.slice(2)}`;
    } else {
      step.shown.push(line);
    }
  }
  // An empty line before the next command is for the eye.
  for (const { shown } of steps) while (shown.at(-1) === "") shown.pop();
  return steps;
}

const COLUMNS = 110;
const LIMIT_MS = 45_000;
const ASK_AGAIN_AFTER_MS = 200;

/** The reader of one document, at a terminal of theirs, in a new home. */
export class Session {
  readonly #home: Home = new Home();
  readonly #setUp: string;

  constructor() {
    const { root, path, cwd } = this.#home;
    const [bin, node] = [join(root, "bin"), join(root, "node/bin")];
    for (const directory of [bin, node]) mkdirSync(directory, { recursive: true });
    symlinkSync(join(ROOT, "queuectl.js"), join(bin, "queuectl"));
    symlinkSync(process.execPath, join(node, "node"));
    mkdirSync(path, { mode: 0o700 });
    symlinkSync(path, join(root, ".queuectl"));
    cpSync(join(import.meta.dirname, "files"), cwd, { recursive: true });
    mkdirSync(join(cwd, "node_modules"));
    symlinkSync(ROOT, join(cwd, "node_modules/queuectl"));
    // The trap: Ctrl-C is for the command, and this shell only passes its exit code on.
    this.#setUp = `trap : INT; PATH=${quoteArgv([`${bin}:${node}`])}:"$PATH"; NO_COLOR=1; export PATH NO_COLOR; stty cols ${COLUMNS} rows 40; `;
  }

  /** Runs a command, again where it is to be after a moment, until it prints what is shown and exits as shown. */
  async show({ command, shown, exitCode, isAfterMoment }: Step): Promise<void> {
    const end = performance.now() + (isAfterMoment ? LIMIT_MS : 0);
    for (;;) {
      const seen = await this.#type(command, shown);
      if (seen.exitCode === exitCode && matches(shown, seen.printed)) return;
      if (performance.now() > end) {
        const printed = [...seen.printed, `(exit code ${seen.exitCode})`].join("\n");
        throw new Error(`$ ${command}\nThe document shows:\n${shown.join("\n")}\n\nIt printed:\n${printed}`);
      }
      await pause(ASK_AGAIN_AFTER_MS);
    }
  }

  /** Runs a script as it stands; it must succeed. */
  async run(script: string): Promise<void> {
    const { exitCode, printed } = await this.#type(`set -e\n${script}`, []);
    if (exitCode !== 0) throw new Error(`${script}\nended with ${exitCode}:\n${printed.join("\n")}`);
  }

  /** Runs a program against the built library, as somebody who has installed it would. */
  async runProgram(source: string): Promise<void> {
    this.#home.write("program.mts", source);
    await this.run(`${quoteArgv([process.execPath])} program.mts`);
  }

  /**
   * Runs what a line of a crontab says, with no more in its environment than cron gives, and the mark of the home; on a
   * machine whose system has no Node.
   */
  async runFromCron(command: string, variables: readonly string[]): Promise<void> {
    const home = this.#home.root;
    const env = [`HOME=${home}`, "SHELL=/bin/sh", "LOGNAME=ada", ...variables.map((line) => line.trim())];
    const here = env.map((entry) =>
      entry.replaceAll("/home/ada", home).replaceAll("/usr/bin:/bin", this.#systemWithoutNode()),
    );
    const words = quoteArgv([...here, "/bin/sh", "-c", command]);
    await this.run(`cd ${quoteArgv([home])}; env -i ${MARKER}="$${MARKER}" ${words}`);
  }

  #systemWithoutNode(): string {
    const system = join(this.#home.root, "system");
    if (existsSync(system)) return system;
    mkdirSync(system);
    for (const name of readdirSync("/usr/bin"))
      if (name !== "node") symlinkSync(join("/usr/bin", name), join(system, name));
    return system;
  }

  async close(): Promise<void> {
    await this.#home.close();
  }

  async #type(
    command: string,
    shown: readonly string[],
  ): Promise<{ exitCode: number | null; printed: string[] }> {
    const terminal = await Terminal.open(this.#home, this.#setUp + command);
    // Where a document shows ^C, its reader presses it once everything before has appeared.
    const at = shown.findIndex((line) => line.startsWith("^C"));
    if (at >= 0) {
      const before = shown.slice(0, at);
      await until(
        async () => matches(before, await this.#read(terminal)),
        `${command} to print:\n${before.join("\n")}`,
      );
      await terminal.pressCtrlC();
    }
    const { exitCode } = await terminal.ended;
    return { exitCode, printed: await this.#read(terminal) };
  }

  async #read(terminal: Terminal): Promise<string[]> {
    // `script` frames what it records.
    const text = terminal.screen.replace(/^Script started on .*\n/, "").replace(/\nScript done on .*\n$/, "");
    const { root, path, cwd } = this.#home;
    const lines = await readLines(text, COLUMNS);
    return lines.map((line) =>
      line
        .replaceAll(path, "/home/ada/.queuectl")
        .replaceAll(cwd, "/home/ada/work")
        .replaceAll(root, "/home/ada"),
    );
  }
}

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QueuectlError } from "../../domain/errors.ts";
import { openEmptyStore, openStore, storeExists } from "../../store/open-store.ts";
import type { Store } from "../../store/store.ts";
import type { Io } from "../io.ts";
import type { TourCommand } from "./steps.ts";

/** The words that run queuectl: the interpreter and the script. */
export type Program = readonly [string, ...string[]];

/** How a command of the tour ended. */
export interface CommandEnd {
  /** Null when a signal ended it. */
  exitCode: number | null;
  /** Both streams, in the order of arrival; empty when they went to the terminal. */
  output: string;
}

/**
 * A home of its own in a temporary directory, and commands that know no other. `await using`: at the end, whatever the
 * end is, its workers are stopped, then the directory goes.
 */
export class TourStore implements AsyncDisposable {
  readonly #directory = createDirectory();
  readonly #home = join(this.#directory, "home");
  readonly #program: Program;
  readonly #env: Record<string, string | undefined>;

  constructor(program: Program, env: Io["env"], { isColourless }: { isColourless: boolean }) {
    this.#program = program;
    this.#env = {
      ...Object.fromEntries(Object.entries(env).filter(([name]) => !namesOtherStore(name))),
      QUEUECTL_HOME: this.#home,
      ...(isColourless ? { NO_COLOR: "1" } : {}),
    };
  }

  /**
   * Runs a command to its end. In a session of its own: a Ctrl-C is for the tour, which lets the command end and then
   * cleans up. A `worker start` that was cut off could leave workers which nobody has heard of yet.
   * @param goes where its output goes: to the caller, or straight to the terminal, as the user would see it
   */
  run(command: TourCommand, goes: "to caller" | "to terminal"): Promise<CommandEnd> {
    const [file, ...args] =
      "shell" in command
        ? (["/bin/sh", "-c", command.shell] as const)
        : [...this.#program, ...command.queuectl];
    const stream = goes === "to terminal" ? "inherit" : "pipe";
    const child = spawn(file ?? "", args, {
      cwd: this.#directory,
      env: this.#env,
      detached: true,
      stdio: ["ignore", stream, stream],
    });
    const pieces: Buffer[] = [];
    for (const output of [child.stdout, child.stderr])
      output?.on("data", (bytes: Buffer) => pieces.push(bytes));
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exitCode) =>
        resolve({ exitCode, output: Buffer.concat(pieces).toString("utf8") }),
      );
    });
  }

  /** The store as it is now; an empty one before anything was written. */
  async read<T>(look: (store: Store) => Promise<T>): Promise<T> {
    const path = join(this.#home, "queue.db");
    const store = storeExists(path) ? await openStore(path, { access: "read" }) : await openEmptyStore();
    try {
      return await look(store);
    } finally {
      await store.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.run({ queuectl: ["worker", "stop", "--force"] }, "to caller");
    } finally {
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }
}

function createDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), "queuectl-demo-"));
  } catch (cause) {
    throw new QueuectlError("demo_failed", `Cannot create a directory in ${tmpdir()}`, {
      hint: "Set TMPDIR to a directory that you can write.",
      cause,
    });
  }
}

/** What would lead a command to the user's own store, or to other settings than the tour's. */
function namesOtherStore(name: string): boolean {
  return name === "QUEUECTL_HOME" || name === "QUEUECTL_DB" || name.startsWith("QUEUECTL_CONFIG_");
}

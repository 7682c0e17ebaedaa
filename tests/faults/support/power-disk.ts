import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Home } from "../../support/queuectl.ts";

const SOURCE = fileURLToPath(new URL("./power-disk.c", import.meta.url));
const FLAGS = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"];

/** What a power cut would leave of a home's database while programs work on it; see power-disk.c. */
export class PowerDisk {
  readonly #directory: string;
  /** Of every program that writes to the database. */
  readonly environment: Readonly<Record<string, string>>;
  #cuts = 0;

  constructor(home: Home, database: string = home.db) {
    this.#directory = join(home.root, "disk");
    mkdirSync(this.#directory);
    const library = join(this.#directory, "power-disk.so");
    execFileSync("cc", [...FLAGS, "-o", library, SOURCE, "-ldl"]);
    this.environment = { LD_PRELOAD: library, POWER_DISK: this.#directory, POWER_FILE: database };
  }

  /** Pulls the plug, though nobody notices; gives the database as it is found afterwards. */
  cut(): string {
    this.#cuts += 1;
    const found = join(this.#directory, `cut-${this.#cuts}`);
    mkdirSync(found);
    const copies = 'for side in "" -wal -journal; do [ ! -e queue.db$side ] || cp queue.db$side "$0"; done';
    execFileSync("flock", ["lock", "/bin/sh", "-c", copies, found], { cwd: this.#directory });
    return join(found, "queue.db");
  }
}

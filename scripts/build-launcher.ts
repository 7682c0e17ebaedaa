import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { nativeLauncherPath } from "../src/worker/choose-launcher.ts";

/**
 * Compiles the native launcher where that can be done: on Linux, with a C compiler. Without it queuectl starts jobs by
 * Node, which needs nothing (native/README.md says what is weaker then).
 */
const ROOT = join(import.meta.dirname, "..");

/** In `dist/`, by system and processor. */
export const LAUNCHER: string = nativeLauncherPath(join(ROOT, "dist"));

const SOURCES = ["launcher.c", "keeper.c", "processes.c", "protocol.c"].map((name) =>
  join(ROOT, "native", name),
);
const FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"];

/**
 * Compiles into `path`, which is replaced whole: a launcher that runs from it goes on.
 * @returns why it was not done; undefined when it was
 * @throws when the sources do not compile
 */
export function compileLauncher(path: string, flags: readonly string[]): string | undefined {
  if (process.platform !== "linux") return `there is none for ${process.platform}`;
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  const { error, status, stderr } = spawnSync("cc", [...FLAGS, ...flags, "-o", fresh, ...SOURCES], {
    encoding: "utf8",
  });
  if (error) return "there is no C compiler (cc)";
  if (status !== 0) throw new Error(stderr);
  renameSync(fresh, path);
  return undefined;
}

/** Linked into itself, so that it runs on any Linux; where the system has no static libc, as usual. */
export function buildLauncher(): string | undefined {
  try {
    return compileLauncher(LAUNCHER, ["-static", "-s"]);
  } catch {
    return compileLauncher(LAUNCHER, ["-s"]);
  }
}

if (import.meta.main) {
  const reason = buildLauncher();
  process.stdout.write(reason === undefined ? `Built ${LAUNCHER}\n` : `No native launcher: ${reason}\n`);
}

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** What `git clone` does not bring. */
const NOT_CLONED = new Set([".git", "node_modules", "dist"]);

/** What one command line of npm did. */
export interface Ran {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** A copy of this checkout to pack and to install from: nothing that is done to it is done to this one. */
export interface Checkout {
  /** Everything is below it; there is a space in its name. */
  root: string;
  /** The copy itself. */
  path: string;
  /** Runs a program with nothing of this machine's npm: no settings, an empty cache, no network. */
  run(argv: readonly string[], options?: RunOptions): Promise<Ran>;
}

interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Called with the pid as soon as there is one. */
  started?: (pid: number) => void;
}

/** For all tests of a file. The development dependencies are this checkout's own, by a link, unless left out. */
export function checkoutForFile({ installed = true }: { installed?: boolean } = {}): Checkout {
  const root = mkdtempSync(join(tmpdir(), "queuectl package-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const path = join(root, "the checkout");
  cpSync(ROOT, path, {
    recursive: true,
    filter: (source) => !(dirname(source) === ROOT && NOT_CLONED.has(basename(source))),
  });
  if (installed) symlinkSync(join(ROOT, "node_modules"), join(path, "node_modules"));
  mkdirSync(join(root, "home"));
  return { root, path, run: (argv, options) => run(argv, root, { cwd: path, ...options }) };
}

function run([file = "", ...args]: readonly string[], root: string, options: RunOptions): Promise<Ran> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: {
      PATH: [dirname(process.execPath), process.env["PATH"]].join(":"),
      HOME: join(root, "home"),
      npm_config_cache: join(root, "cache"),
      npm_config_offline: "true",
      npm_config_update_notifier: "false",
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  options.started?.(child.pid ?? 0);
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      said[stream] += text;
    });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, ...said }));
  });
}

/** Where a checkout's manifest is kept while it is packed. */
export const KEPT = "package.json.kept";

export interface Packed {
  /** The tarball's absolute path. */
  tarball: string;
  files: readonly { path: string; size: number; mode: number }[];
  paths: readonly string[];
  /** The text of one of them. */
  read(path: string): Promise<string>;
}

/** Makes the tarball, as plain `npm pack` does. */
export async function packIn(checkout: Checkout): Promise<Packed> {
  const { exitCode, stdout, stderr } = await checkout.run(["npm", "pack", "--json"]);
  if (exitCode !== 0) throw new Error(stderr);
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: Packed["files"] }];
  const tarball = join(checkout.path, filename);
  const read = async (path: string) =>
    (await checkout.run(["tar", "xzOf", tarball, `package/${path}`])).stdout;
  return { tarball, files, paths: files.map(({ path }) => path), read };
}

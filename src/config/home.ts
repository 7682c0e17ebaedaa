import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { QueuectlError } from "../domain/errors.ts";
import { requireOwnDirectory } from "../domain/own-directory.ts";
import { otherStore } from "../domain/refusal.ts";
import { isStoreUrl } from "../domain/store-url.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the store is, and by whose word. */
export interface StoreLocation {
  path: string;
  origin: "flag" | "env" | "file" | "default";
}

/**
 * The directory of queuectl's own files: `$QUEUECTL_HOME`, else `~/.queuectl`.
 * @throws store_unreachable when nobody can tell where `~` is
 */
export function homeDirectory(env: Environment): string {
  return resolve(env["QUEUECTL_HOME"] || join(env["HOME"] || userHome(), ".queuectl"));
}

/** As the system knows it. Not `os.homedir()`, for which an empty HOME is a home: the queue would be in any directory. */
function userHome(): string {
  try {
    return userInfo().homedir;
  } catch (cause) {
    throw new QueuectlError("store_unreachable", "Cannot tell where your home directory is", {
      ...otherStore("Set HOME or QUEUECTL_HOME, or name a store"),
      cause,
    });
  }
}

/**
 * Creates the home at first use, for its owner alone. A user's own directory is not made: it is missing for a reason.
 * @throws store_unreachable when it cannot be made, or others own it or can write it
 */
export function createHome(env: Environment): string {
  const home = homeDirectory(env);
  try {
    mkdirSync(home, { recursive: !!env["QUEUECTL_HOME"] || existsSync(dirname(home)), mode: 0o700 });
  } catch (cause) {
    throw new QueuectlError("store_unreachable", `Cannot create the home directory ${home}`, {
      ...otherStore("Set QUEUECTL_HOME to a directory that you can write, or name a store"),
      cause,
    });
  }
  // Through a link, which is its user's to lay.
  requireOwnDirectory(home, statSync(home), process.getuid?.());
  return home;
}

/** The store by `--db`, `QUEUECTL_DB`, `db-path` of config.json, or `queue.db` in the home, in this order. */
export function locateStore(flag: string | undefined, env: Environment): StoreLocation {
  if (flag !== undefined) return { path: toPath(flag), origin: "flag" };
  const named = env["QUEUECTL_DB"] || env["QUEUECTL_CONFIG_DB_PATH"];
  if (named) return { path: toPath(named), origin: "env" };
  const filed = readConfigFile(env)["db-path"];
  if (filed) return { path: toPath(resolve(homeDirectory(env), filed)), origin: "file" };
  return { path: toPath(join(homeDirectory(env), "queue.db")), origin: "default" };
}

/** One name for one file: through a link, the files that stand beside a store would else be looked for beside the link. */
function toPath(name: string): string {
  if (isStoreUrl(name)) return name;
  const path = resolve(name);
  try {
    return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
  } catch {
    // No such directory: said in better words where the store is opened.
    return path;
  }
}

/**
 * The settings kept in `config.json` of the home; empty when there is none.
 * @throws invalid_file when it is not a JSON object of texts
 */
export function readConfigFile(env: Environment): Record<string, string> {
  const path = configFile(env);
  if (!existsSync(path)) return {};
  try {
    const content: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (
      typeof content === "object" &&
      content !== null &&
      !Array.isArray(content) &&
      Object.values(content).every((value) => typeof value === "string")
    ) {
      return content as Record<string, string>;
    }
    throw new TypeError("not an object of texts");
  } catch (cause) {
    const hint = 'Mend or remove the file; it holds an object such as {"db-path":"/data/queue.db"}.';
    throw new QueuectlError("invalid_file", `Cannot read ${path}`, { hint, cause });
  }
}

/**
 * Writes `config.json` whole: a reader sees the old one or the new one.
 * @throws store_unreachable when the home or the file cannot be written
 */
export function writeConfigFile(env: Environment, content: Record<string, string>): void {
  createHome(env);
  const path = configFile(env);
  const fresh = join(dirname(path), `config.json.${process.pid}`);
  try {
    writeFileSync(fresh, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    renameSync(fresh, path);
  } catch (cause) {
    if (existsSync(fresh)) rmSync(fresh);
    throw new QueuectlError("store_unreachable", `Cannot write ${path}`, {
      hint: "Make its directory writable, or set QUEUECTL_HOME to another one.",
      cause,
    });
  }
}

function configFile(env: Environment): string {
  return join(homeDirectory(env), "config.json");
}

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { QueuectlError } from "../domain/errors.ts";
import { createHome, homeDirectory, locateStore, readConfigFile, writeConfigFile } from "./home.ts";

let root: string;
let home: string;
let env: Record<string, string>;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "queuectl-home-"));
  home = join(root, "home");
  env = { QUEUECTL_HOME: home };
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Any permission that is not asked for is then given. */
function withoutUmask(act: () => void): void {
  const before = process.umask(0);
  try {
    act();
  } finally {
    process.umask(before);
  }
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

function writeRawConfig(text: string): void {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "config.json"), text);
}

function refusal(act: () => unknown): QueuectlError {
  try {
    act();
  } catch (error) {
    if (error instanceof QueuectlError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("the home", () => {
  test("is QUEUECTL_HOME, made absolute", () => {
    expect(homeDirectory({ QUEUECTL_HOME: "/srv/q", HOME: "/home/ada" })).toBe("/srv/q");
    expect(homeDirectory({ QUEUECTL_HOME: "q" })).toBe(resolve("q"));
  });

  test("is else .queuectl in the user's home, as HOME or else the system names it", () => {
    expect(homeDirectory({ QUEUECTL_HOME: "", HOME: "/home/ada" })).toBe("/home/ada/.queuectl");
    expect(homeDirectory({})).toBe(join(userInfo().homedir, ".queuectl"));
  });

  test("is never the working directory because HOME is empty", () => {
    vi.stubEnv("HOME", "");
    expect(homeDirectory({ HOME: "" })).toBe(join(userInfo().homedir, ".queuectl"));
    vi.unstubAllEnvs();
  });

  test("is created at first use, parents too, for its owner alone", () => {
    env = { QUEUECTL_HOME: join(home, "deep") };
    withoutUmask(() => {
      expect(createHome(env)).toBe(join(home, "deep"));
    });
    expect(modeOf(join(home, "deep"))).toBe(0o700);
  });

  test("is not created with the user's own directory, where that is missing", () => {
    expect(refusal(() => createHome({ HOME: join(root, "nobody") })).code).toBe("store_unreachable");
    expect(readdirSync(root)).toEqual([]);
    mkdirSync(join(root, "ada"));
    expect(createHome({ HOME: join(root, "ada") })).toBe(join(root, "ada/.queuectl"));
  });

  test("may exist already, and keeps the mode that its owner gave it", () => {
    withoutUmask(() => mkdirSync(home, { mode: 0o750 }));
    expect(createHome(env)).toBe(home);
    expect(modeOf(home)).toBe(0o750);
  });

  test.each([0o720, 0o702])("cannot be one that others can write (mode %o)", (mode) => {
    mkdirSync(home);
    chmodSync(home, mode);
    expect(refusal(() => createHome(env))).toMatchObject({
      code: "store_unreachable",
      message: `${home} can be written by others`,
      hint: `Run: chmod go-w '${home}'`,
    });
    expect(refusal(() => writeConfigFile(env, {})).code).toBe("store_unreachable");
    expect(readdirSync(home)).toEqual([]);
  });

  test("may be a link to a directory of one's own, and not to one that others can write", () => {
    const elsewhere = join(root, "elsewhere");
    mkdirSync(elsewhere, { mode: 0o700 });
    symlinkSync(elsewhere, home);
    expect(createHome(env)).toBe(home);
    chmodSync(elsewhere, 0o777);
    expect(refusal(() => createHome(env)).code).toBe("store_unreachable");
  });

  test("cannot be a file", () => {
    writeFileSync(home, "");
    expect(refusal(() => createHome(env))).toMatchObject({
      code: "store_unreachable",
      message: `Cannot create the home directory ${home}`,
    });
  });
});

describe("the store", () => {
  /** Names a store in each of these places. */
  function placesOf(...places: ("flag" | "QUEUECTL_DB" | "QUEUECTL_CONFIG_DB_PATH" | "file")[]) {
    const named = places.filter((place) => place.startsWith("QUEUECTL"));
    if (places.includes("file")) writeRawConfig('{"db-path":"/by/file.db"}');
    return {
      flag: places.includes("flag") ? "/by/flag.db" : undefined,
      env: { ...env, ...Object.fromEntries(named.map((name) => [name, `/by/${name}.db`])) },
    };
  }

  test("is named by the flag before all", () => {
    const places = placesOf("flag", "QUEUECTL_DB", "QUEUECTL_CONFIG_DB_PATH", "file");
    expect(locateStore(places.flag, places.env)).toEqual({ path: "/by/flag.db", origin: "flag" });
  });

  test("then by QUEUECTL_DB, then by the variable of its setting", () => {
    const both = placesOf("QUEUECTL_DB", "QUEUECTL_CONFIG_DB_PATH", "file");
    expect(locateStore(undefined, both.env)).toEqual({ path: "/by/QUEUECTL_DB.db", origin: "env" });
    const one = placesOf("QUEUECTL_CONFIG_DB_PATH", "file");
    expect(locateStore(undefined, one.env)).toEqual({
      path: "/by/QUEUECTL_CONFIG_DB_PATH.db",
      origin: "env",
    });
  });

  test("then by db-path in config.json", () => {
    expect(locateStore(undefined, placesOf("file").env)).toEqual({ path: "/by/file.db", origin: "file" });
  });

  test("else is queue.db in the home", () => {
    expect(locateStore(undefined, env)).toEqual({ path: join(home, "queue.db"), origin: "default" });
  });

  test("is not named by an empty variable or entry", () => {
    writeRawConfig('{"db-path":""}');
    const empty = { ...env, QUEUECTL_DB: "", QUEUECTL_CONFIG_DB_PATH: "" };
    expect(locateStore(undefined, empty)).toMatchObject({ origin: "default" });
  });

  test("is made absolute: from the working directory, or from the home for the file's", () => {
    writeRawConfig('{"db-path":"sub/queue.db"}');
    expect(locateStore("a.db", env).path).toBe(resolve("a.db"));
    expect(locateStore(undefined, { ...env, QUEUECTL_DB: "b.db" }).path).toBe(resolve("b.db"));
    expect(locateStore(undefined, env).path).toBe(join(home, "sub/queue.db"));
  });

  test("is found without the file being read, when it is named before it", () => {
    writeRawConfig("broken");
    expect(locateStore("/by/flag.db", env).origin).toBe("flag");
    expect(locateStore(undefined, { ...env, QUEUECTL_DB: "/by/env.db" }).origin).toBe("env");
    expect(refusal(() => locateStore(undefined, env)).code).toBe("invalid_file");
  });

  test("is looked for without anything being created", () => {
    locateStore(undefined, env);
    expect(existsSync(home)).toBe(false);
  });
});

describe("config.json", () => {
  test("is empty when there is none", () => {
    expect(readConfigFile(env)).toEqual({});
  });

  test.each([
    ["nothing", ""],
    ["half an object", '{"db-path":'],
    ["a text", '"/data/queue.db"'],
    ["null", "null"],
    ["an empty list", "[]"],
    ["a list of texts", '["/data/queue.db"]'],
    ["a number for a text", '{"db-path":5}'],
    ["an object for a text", '{"db-path":{"path":"/data/queue.db"}}'],
  ])("with %s in it is refused, with the way to mend it", (_, text) => {
    writeRawConfig(text);
    const error = refusal(() => readConfigFile(env));
    expect(error.code).toBe("invalid_file");
    expect(error.message).toBe(`Cannot read ${join(home, "config.json")}`);
    expect(error.hint).toContain('{"db-path":"/data/queue.db"}');
  });

  test("that is a directory is refused", () => {
    mkdirSync(join(home, "config.json"), { recursive: true });
    expect(refusal(() => readConfigFile(env)).code).toBe("invalid_file");
  });

  test("is written whole, for its owner alone, in a home that is created for it", () => {
    withoutUmask(() => writeConfigFile(env, { "db-path": "/data/queue.db" }));
    expect(readConfigFile(env)).toEqual({ "db-path": "/data/queue.db" });
    expect(readFileSync(join(home, "config.json"), "utf8")).toBe('{\n  "db-path": "/data/queue.db"\n}\n');
    expect(modeOf(home)).toBe(0o700);
    expect(modeOf(join(home, "config.json"))).toBe(0o600);
    expect(readdirSync(home)).toEqual(["config.json"]);
  });

  test("that was readable by others no longer is, once it is written anew", () => {
    writeRawConfig("{}");
    writeConfigFile(env, { "db-path": "/b.db" });
    expect(modeOf(join(home, "config.json"))).toBe(0o600);
  });

  test("that cannot be written is an error with its cause, and leaves nothing behind", () => {
    mkdirSync(join(home, "config.json", "occupied"), { recursive: true });
    const error = refusal(() => writeConfigFile(env, { "db-path": "/b.db" }));
    expect(error.code).toBe("store_unreachable");
    expect(error.message).toBe(`Cannot write ${join(home, "config.json")}`);
    expect(error.cause).toBeInstanceOf(Error);
    expect(readdirSync(home)).toEqual(["config.json"]);
  });
});

import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { quoteArgv } from "../../src/domain/shell-quote.ts";
import { checkoutForFile, packIn } from "../support/checkout.ts";
import { OLDER_NODE } from "../support/older-node.ts";
import { type Home, homeForTest, type Result } from "../support/queuectl.ts";

const NEWER_NODE = process.execPath;

/** How a command gets mounts of its own, where that is allowed. */
const READ_ONLY = ["unshare -m", "unshare -Urm"].find(
  (line) => spawnSync("/bin/sh", ["-c", `${line} mount --bind /tmp /tmp`]).status === 0,
);

const checkout = checkoutForFile();
const VERSION = `${JSON.parse(readFileSync(join(checkout.path, "package.json"), "utf8")).version}\n`;
/** Where packages and commands go; npm's own layout below it. */
const prefix = (name: string) => join(checkout.root, `prefix ${name}`);
const commandIn = (name: string) => join(prefix(name), "bin", "queuectl");

/** Installs for everyone, below a prefix of its own. By the environment: `npm link` takes the flag for its directory. */
async function npm(name: string, ...args: string[]): Promise<void> {
  mkdirSync(prefix(name));
  const env = { npm_config_prefix: prefix(name) };
  const { exitCode, stderr } = await checkout.run(["npm", ...args], { env });
  if (exitCode !== 0) throw new Error(stderr);
}

/** A line of shell on whose PATH are `queuectl` as it was installed there, and this Node. */
async function withInstalled(home: Home, name: string, node: string, line: string): Promise<Result> {
  const PATH = [dirname(commandIn(name)), dirname(node), "/usr/bin", "/bin"].join(":");
  // A function of that name stands for the checkout's command.
  return await home.shell(`unset -f queuectl; ${line}`, { env: { PATH } });
}

describe("installed from the tarball, without a network", () => {
  const installed = join(prefix("tarball"), "lib", "node_modules");
  beforeAll(async () => {
    const { tarball } = await packIn(checkout);
    await npm("tarball", "install", "--global", "--offline", tarball);
  });

  test("it is one package", () => {
    expect(readdirSync(installed).filter((name) => !name.startsWith("."))).toEqual(["queuectl"]);
    expect(existsSync(join(installed, "queuectl", "node_modules"))).toBe(false);
    expect(lstatSync(join(installed, "queuectl")).isSymbolicLink()).toBe(false);
  });

  test("it queues, runs and shows a job, and writes nothing into its own directory", async () => {
    const home = homeForTest();
    const before = snapshot(join(installed, "queuectl"));
    const run = (line: string) => withInstalled(home, "tarball", NEWER_NODE, line);
    expect(await run("queuectl --version")).toMatchObject({ exitCode: 0, stdout: VERSION });
    expect(await run("queuectl enqueue --id a 'echo from the package'")).toMatchObject({ exitCode: 0 });
    expect(await run("queuectl worker start --drain")).toMatchObject({ exitCode: 0 });
    expect(await run("queuectl logs a")).toMatchObject({ exitCode: 0, stdout: "from the package\n" });
    expect(await run("queuectl worker start --count 2 && queuectl worker stop")).toMatchObject({
      exitCode: 0,
    });
    expect(await run("queuectl list --json")).toMatchObject({
      stdout: expect.stringContaining('"completed"'),
    });
    expect(snapshot(join(installed, "queuectl"))).toEqual(before);
  });

  test.skipIf(READ_ONLY === undefined)(
    "it runs from a directory that is mounted read-only (skipped where unshare may not mount)",
    async () => {
      const home = homeForTest();
      const script = [
        'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && ! touch "$1"/x 2>/dev/null',
        "queuectl enqueue --id a true && queuectl worker start --drain && queuectl info a",
      ].join(" && ");
      const line = `${READ_ONLY} sh -c ${quoteArgv([script])} sh '${join(installed, "queuectl")}'`;
      const { exitCode, stdout } = await withInstalled(home, "tarball", NEWER_NODE, line);
      expect(exitCode).toBe(0);
      expect(stdout).toContain("Job a completed successfully.");
    },
  );

  test.skipIf(OLDER_NODE === undefined)(
    "under an older Node it says which one it needs (skipped where the PATH has none)",
    async () => {
      const home = homeForTest();
      const { exitCode, stdout, stderr } = await home.shell(
        `exec '${OLDER_NODE}' '${commandIn("tarball")}' status`,
      );
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toMatch(/^queuectl needs Node.js 24 or newer; this is v[\d.]+\.\nInstall it from .+\n$/);
    },
  );
});

describe.each([
  ["npm link", ["link"]],
  ["npm i -g .", ["install", "--global", "."]],
])("%s in a checkout", (name, command) => {
  beforeAll(async () => {
    // Packing it has built it.
    if (!existsSync(join(checkout.path, "dist"))) await checkout.run(["npm", "run", "build"]);
    await npm(name, ...command);
  });

  test("makes a command of the checkout itself", async () => {
    expect(realpathSync(commandIn(name))).toBe(realpathSync(join(checkout.path, "queuectl.js")));
    const ran = await withInstalled(homeForTest(), name, NEWER_NODE, "queuectl --version");
    expect(ran).toMatchObject({ exitCode: 0, stdout: VERSION });
  });

  test.skipIf(OLDER_NODE === undefined)(
    "which brings its own Node where the system's is older (skipped where the PATH has none)",
    async () => {
      const home = homeForTest();
      const line = `exec '${OLDER_NODE}' '${commandIn(name)}'`;
      expect(await home.shell(`${line} --version`)).toMatchObject({ exitCode: 0, stdout: VERSION });
      expect(await home.shell(`${line} info nobody`)).toMatchObject({ exitCode: 4 });
    },
  );
});

test("`node queuectl.js` in the checkout's root is the command", async () => {
  const { exitCode, stdout } = await checkout.run(["node", "queuectl.js", "--version"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: VERSION });
});

/** Names, sizes and times of everything below a directory. */
function snapshot(directory: string): [string, number, number][] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { size, mtimeMs } = lstatSync(join(directory, name));
      return [name, size, mtimeMs];
    });
}

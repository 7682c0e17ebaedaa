import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "../../src/cli/parse.ts";
import { parseDurationMs } from "../../src/domain/duration.ts";
import { homeForTest } from "../support/queuectl.ts";

/** What can be held of the container's files where no engine builds and runs them. */
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (name: string) => readFileSync(join(ROOT, name), "utf8");

/** The one place where a pattern finds something, by its first group. */
function only(text: string, pattern: RegExp): string {
  const found = [...text.matchAll(new RegExp(pattern, "gm"))];
  if (found.length !== 1) throw new Error(`${pattern} is there ${found.length} times`);
  return found[0]?.[1] ?? "";
}

const words = (text: string, pattern: RegExp) => JSON.parse(only(text, pattern)) as string[];

describe("the Dockerfile", () => {
  const text = read("Dockerfile");

  test("copies what is there, and not what is built or installed here", () => {
    const sources = [...text.matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, names = ""]) =>
      names.split(" "),
    );
    expect(sources).toEqual(["package.json", "package-lock.json", "."]);
    expect(sources.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
    const ignored = read(".dockerignore").split("\n");
    for (const name of [".git", ...read(".gitignore").trim().split("\n")])
      expect(ignored).toContain(name.replace(/\/$/, ""));
  });

  test("starts the worker without a shell, as somebody without rights, on the Node that it needs", () => {
    expect(words(text, /^ENTRYPOINT (.+)$/)).toEqual(["queuectl"]);
    expect(parse(words(text, /^CMD (.+)$/)).kind).toBe("run");
    expect(only(text, /^USER (.+)$/)).toBe("node");
    const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
    for (const [, major] of text.matchAll(/^FROM node:(\d+)-slim/gm)) expect(`>=${major}`).toBe(engines.node);
    expect(only(text, /^ENV QUEUECTL_HOME=(.+)$/)).toBe(only(text, /^VOLUME (.+)$/));
  });
});

describe("compose.yaml", () => {
  const text = read("compose.yaml");

  test("runs command lines that queuectl understands", () => {
    expect(parse(words(text, /^ +command: (.+)$/)).kind).toBe("run");
    const [how, command, ...argv] = words(text, /^ +test: (.+)$/);
    expect([how, command]).toEqual(["CMD", "queuectl"]);
    expect(parse(argv).kind).toBe("run");
  });

  test("stops jobs in order before the engine's patience ends", async () => {
    const grace = only(text, /^ +QUEUECTL_CONFIG_STOP_GRACE: "(.+)"$/);
    const home = homeForTest();
    const { stdout } = await home.run(["config", "get", "stop-grace"], {
      env: { QUEUECTL_CONFIG_STOP_GRACE: grace },
    });
    const killGrace = await home.ok("config", "get", "kill-grace");
    const patience = parseDurationMs(only(text, /^ +stop_grace_period: (.+)$/)) ?? 0;
    expect((Number(stdout) + Number(killGrace)) * 1_000).toBeLessThan(patience);
  });

  test("keeps the store in a volume, where the image has its home", () => {
    const [volume, path] = only(text, /^ +- (\w+:\/\w+)$/).split(":");
    expect(path).toBe(only(read("Dockerfile"), /^ENV QUEUECTL_HOME=(.+)$/));
    expect(text).toContain(`\nvolumes:\n  ${volume}:\n`);
  });
});

import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openLaunchers } from "../../tests/support/launchers.ts";
import { until } from "../../tests/support/queuectl.ts";
import { endAfterTest, isRunning, kill, statOf } from "../../tests/support/worker-processes.ts";
import type { LaunchedProcess, Launcher, OutputStream, ProcessEnd, Program } from "./launcher.ts";
import { TREE_MARKER } from "./process-tree.ts";
import { pause } from "./timer.ts";

/** The one under test. */
let launcher: Launcher;

/** A program that runs, and what was handed over of its output. */
class Running {
  readonly launched: LaunchedProcess;
  readonly #pieces: { stream: OutputStream; bytes: Buffer }[] = [];

  constructor(
    program: Partial<Program>,
    take: (stream: OutputStream) => Promise<void> | undefined = () => undefined,
  ) {
    const marker = `test-${randomUUID()}`;
    endAfterTest(`${TREE_MARKER}=${marker}`);
    const env = { PATH: process.env["PATH"], [TREE_MARKER]: marker };
    const whole = { argv: ["true"], cwd: undefined, env, isVerbatim: false, stdin: null };
    this.launched = launcher.launch({ ...whole, ...program }, (stream, bytes) => {
      this.#pieces.push({ stream, bytes });
      return take(stream);
    });
  }

  output(wanted: OutputStream = "stdout"): string {
    return Buffer.concat(
      this.#pieces.filter(({ stream }) => stream === wanted).map(({ bytes }) => bytes),
    ).toString();
  }

  get pieces(): number {
    return this.#pieces.length;
  }

  /** Its end, once all of its output has been handed over. */
  async ended(): Promise<ProcessEnd> {
    const end = await this.launched.ended;
    await this.launched.finish();
    return end;
  }
}

function shell(line: string, take?: (stream: OutputStream) => Promise<void> | undefined): Running {
  return new Running({ argv: ["/bin/sh", "-c", line] }, take);
}

/** A shell that exits with 3 when its child, whose pid it says on standard error, has left its session. */
function escaping(child: string): Running {
  const file = join(directoryForTest(), "escaped");
  return shell(
    `setsid sh -c 'touch ${file}; ${child}' & echo $! >&2; until [ -e ${file} ]; do sleep 0.01; done; exit 3`,
  );
}

function directoryForTest(): string {
  const directory = mkdtempSync(join(tmpdir(), "queuectl-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

describe.each(await openLaunchers())("%s launcher:", (_, given) => {
  beforeEach(() => {
    launcher = given;
  });

  describe("the end of a program", () => {
    test.each([0, 1, 42, 126, 127, 255])("is its exit code %d", async (exitCode) => {
      expect(await shell(`exit ${exitCode}`).ended()).toEqual({ kind: "exited", exitCode });
    });

    test.each(["SIGKILL", "SIGTERM", "SIGSEGV"] as const)("is %s, when that ended it", async (signal) => {
      expect(await shell(`kill -${signal.slice(3)} $$`).ended()).toEqual({ kind: "signalled", signal });
    });

    test.each<[string, Partial<Program>, string]>([
      ["no such program", { argv: ["/no/such/program"] }, "ENOENT"],
      ["no such program on the PATH", { argv: ["no-such-program-anywhere"] }, "ENOENT"],
      ["no such directory", { argv: ["true"], cwd: "/no/such/directory" }, "ENOENT"],
      ["not executable", { argv: ["/etc/passwd"] }, "EACCES"],
      ["an argument that is too long, which is thrown", { argv: ["true", "x".repeat(3_000_000)] }, "E2BIG"],
      ["an argument with a zero byte", { argv: ["true", "a\0b"] }, "ERR_INVALID_ARG_VALUE"],
    ])("may be that it never began: %s", async (_, program, code) => {
      const running = new Running(program);
      expect(await running.ended()).toEqual({ kind: "refused", code });
      expect(await running.launched.started).toBeUndefined();
      expect(running.pieces).toBe(0);
    });
  });

  describe("a program", () => {
    test("gets exactly these arguments", async () => {
      const words = ["a b", "*", "$HOME", "", "'\"\\", "é\n"];
      const running = new Running({ argv: ["printf", "<%s>", ...words] });
      await running.ended();
      expect(running.output()).toBe(words.map((word) => `<${word}>`).join(""));
    });

    test("gets exactly this environment", async () => {
      const running = new Running({ argv: ["env"], env: { PATH: process.env["PATH"], GIVEN: "a=b c" } });
      await running.ended();
      expect(running.output().trim().split("\n").sort()).toEqual([
        "GIVEN=a=b c",
        `PATH=${process.env["PATH"]}`,
      ]);
    });

    test("runs in this directory", async () => {
      const running = new Running({ argv: ["pwd"], cwd: "/" });
      await running.ended();
      expect(running.output()).toBe("/\n");
    });

    test("leads a session and a group of its own", async () => {
      const waiting = new Running({ argv: ["sleep", "300"] });
      const pid = (await waiting.launched.started) ?? 0;
      expect(statOf(pid)).toMatchObject({ group: pid, session: pid });
      kill(pid);
      expect(await waiting.ended()).toEqual({ kind: "signalled", signal: "SIGKILL" });
    });

    test("without input reads the end at once", async () => {
      expect(await new Running({ argv: ["cat"] }).ended()).toEqual({ kind: "exited", exitCode: 0 });
    });

    test("reads all that it is given", async () => {
      const stdin = "ümläut\n".repeat(100_000);
      const running = new Running({ argv: ["cat"], stdin });
      expect(await running.ended()).toEqual({ kind: "exited", exitCode: 0 });
      expect(running.output()).toBe(stdin);
    });

    test("need not read what it is given", async () => {
      const running = new Running({ argv: ["true"], stdin: "x".repeat(5_000_000) });
      expect(await running.ended()).toEqual({ kind: "exited", exitCode: 0 });
    });
  });

  describe("the output", () => {
    test("of the two streams is kept apart", async () => {
      const running = shell("echo out; echo err >&2; printf more");
      await running.ended();
      expect(running.output("stdout")).toBe("out\nmore");
      expect(running.output("stderr")).toBe("err\n");
    });

    test("is handed over to its last byte", async () => {
      const running = shell("head -c 3000000 /dev/zero; printf end");
      await running.ended();
      expect(running.output().length).toBe(3_000_003);
      expect(running.output().endsWith("end")).toBe(true);
    });

    test("is not read while the taker is behind, and the program is held back", async () => {
      const gate = Promise.withResolvers<void>();
      const directory = directoryForTest();
      const printAndSay = (name: string) => `head -c 5000000 /dev/zero; touch ${join(directory, name)}`;
      const held = shell(printAndSay("held"), () => gate.promise);
      await until(() => held.pieces === 1, "the first piece");
      // The same program, when nobody holds it, gets to its end meanwhile.
      await shell(printAndSay("free")).ended();
      expect(existsSync(join(directory, "free"))).toBe(true);
      expect(held.pieces).toBe(1);
      expect(existsSync(join(directory, "held"))).toBe(false);
      gate.resolve();
      await held.ended();
      expect(held.output().length).toBe(5_000_000);
    });

    test("is handed over whole to a taker so slow that the program is long gone", async () => {
      const running = shell("head -c 200000 /dev/zero", () => pause(400));
      await running.ended();
      expect(running.output().length).toBe(200_000);
    });

    test("is not waited for, when a process that escaped holds the pipe and is silent; that one is ended", async () => {
      const running = escaping("exec sleep 300");
      expect(await running.ended()).toEqual({ kind: "exited", exitCode: 3 });
      await until(() => !isRunning(Number(running.output("stderr"))), "the one that escaped to end");
    });

    test("of a process that escaped and prints for ever is not read for ever; that one is ended", async () => {
      const running = escaping("exec yes");
      expect(await running.ended()).toEqual({ kind: "exited", exitCode: 3 });
      await until(() => !isRunning(Number(running.output("stderr"))), "the one that escaped to end");
    });
  });
});

import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { openLaunchers } from "../../tests/support/launchers.ts";
import { until } from "../../tests/support/queuectl.ts";
import { endAfterTest, processesWith } from "../../tests/support/worker-processes.ts";
import type { LaunchedProcess, Launcher, OutputStream, ProcessEnd } from "./launcher.ts";
import { TREE_MARKER } from "./process-tree.ts";
import type { ClaimRun, RunEnd } from "./run-claim.ts";
import { type CommandSpec, runCommand } from "./run-command.ts";

/** The one under test. */
let launcher: Launcher;

/** Longer than any test: who waits for it waits in vain. */
const LONG_MS = 3_600_000;

/** A real command that runs, under a marker of its own. */
class Running {
  readonly run: ClaimRun;
  readonly entry: string;
  readonly #output: Record<OutputStream, string> = { stdout: "", stderr: "" };

  constructor(given: Partial<CommandSpec>) {
    const marker = `test-${randomUUID()}`;
    this.entry = `${TREE_MARKER}=${marker}`;
    endAfterTest(this.entry);
    const spec: CommandSpec = {
      command: "true",
      script: null,
      argv: null,
      cwd: null,
      env: { PATH: process.env["PATH"], [TREE_MARKER]: marker },
      stdin: null,
      timeoutMs: 0,
      killGraceMs: LONG_MS,
      ...given,
    };
    this.run = runCommand(spec, launcher, (stream, bytes) => {
      this.#output[stream] += bytes.toString();
      return undefined;
    });
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  /** All of its processes, wherever they went. */
  get processes(): number[] {
    return processesWith(this.entry);
  }

  async printed(text: string): Promise<void> {
    await until(() => this.stdout.includes(text), `the command to print ${text}`);
  }
}

async function endOf(given: Partial<CommandSpec>): Promise<Omit<RunEnd, "usage">> {
  const { outcome, error } = await new Running(given).run.ended;
  return { outcome, error };
}

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "queuectl-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describe.each(await openLaunchers())("%s launcher:", (_, given) => {
  beforeEach(() => {
    launcher = given;
  });

  describe("a command that ends by itself", () => {
    test("has succeeded with exit code 0", async () => {
      expect(await endOf({ command: "exit 0" })).toEqual({ outcome: { kind: "succeeded" }, error: null });
    });

    test.each([1, 75, 255])("has failed with exit code %d", async (exitCode) => {
      const outcome = { kind: "failed", exitCode };
      expect(await endOf({ command: `exit ${exitCode}` })).toEqual({ outcome, error: null });
    });

    test("was signalled when a signal ended its first process", async () => {
      const outcome = { kind: "signalled", signal: "SIGKILL" };
      expect(await endOf({ command: "kill -9 $$" })).toEqual({ outcome, error: null });
    });

    test("reads what it was given, runs where it should, and prints what it likes", async () => {
      const directory = makeDirectory();
      const running = new Running({ command: "pwd; cat", cwd: directory, stdin: "given\n" });
      await running.run.ended;
      expect(running.stdout).toBe(`${directory}\ngiven\n`);
    });

    test("may leave a large input unread", async () => {
      expect(await endOf({ command: "exit 3", stdin: "x".repeat(5_000_000) })).toMatchObject({
        outcome: { kind: "failed", exitCode: 3 },
      });
    });

    test("has ended when its shell has, though a child holds its pipe; the child is ended too", async () => {
      const running = new Running({ command: "sleep 300 & echo done" });
      expect(await running.run.ended).toMatchObject({ outcome: { kind: "succeeded" } });
      expect(running.stdout).toBe("done\n");
      await until(() => running.processes.length === 0, "the sleeper to be gone");
    });

    test("has ended when its shell has, though a process that escaped prints on; that one is ended too", async () => {
      const counter = join(makeDirectory(), "counter");
      const count = `i=0; while [ $i -lt 600 ]; do i=$((i+1)); echo $i; echo $i > ${counter}; sleep 0.1; done`;
      // The shell stays until the other is out of its group, with which it would be killed.
      const running = new Running({
        command: `setsid sh -c '${count}' & until [ -e ${counter} ]; do sleep 0.01; done; echo done`,
      });
      expect(await running.run.ended).toMatchObject({ outcome: { kind: "succeeded" }, error: null });
      expect(running.stdout).toMatch(/^done$/m);
      await until(() => running.processes.length === 0, "the one that counts to be gone");
      expect(Number(readFileSync(counter, "utf8"))).toBeLessThan(300);
    });

    test("cannot be stopped any more", async () => {
      const running = new Running({ command: "exit 3" });
      const end = await running.run.ended;
      running.run.stop({ kind: "interrupted" }, 0);
      expect(await running.run.ended).toBe(end);
      expect(end.outcome).toEqual({ kind: "failed", exitCode: 3 });
    });
  });

  describe("a command that cannot be run", () => {
    test("because it does not exist has failed with 127, in both forms", async () => {
      const outcome = { kind: "failed", exitCode: 127 };
      expect(await endOf({ command: "/no/such/program --flag" })).toMatchObject({ outcome });
      expect(await endOf({ argv: ["/no/such/program", "--flag"] })).toEqual({
        outcome,
        error: "command not found: /no/such/program",
      });
      expect(await endOf({ argv: ["no-such-program-anywhere"] })).toMatchObject({ outcome });
    });

    test("because it is not executable has failed with 126, in both forms", async () => {
      const file = join(makeDirectory(), "data");
      writeFileSync(file, "not a program", { mode: 0o600 });
      const outcome = { kind: "failed", exitCode: 126 };
      expect(await endOf({ command: file })).toMatchObject({ outcome });
      expect(await endOf({ argv: [file] })).toEqual({ outcome, error: `not executable: ${file}` });
      expect(await endOf({ argv: [tmpdir()] })).toMatchObject({ outcome });
    });

    test.each([
      ["is gone", "gone"],
      ["is a file", "file"],
    ])("because its working directory %s was refused by the system, and says which", async (_, name) => {
      const directory = makeDirectory();
      writeFileSync(join(directory, "file"), "");
      const cwd = join(directory, name);
      for (const form of [{ argv: null }, { argv: ["true"] }]) {
        const { outcome, error } = await endOf({ ...form, cwd });
        expect(outcome).toEqual({ kind: "spawn_failed", cause: error });
        expect(error).toContain(cwd);
      }
    });

    test("because it is too long was refused by the system, and says so", async () => {
      const { outcome, error } = await endOf({ command: `: ${"x".repeat(3_000_000)}` });
      expect(outcome.kind).toBe("spawn_failed");
      expect(error).toContain("too long");
    });

    test("takes no notice of a stop", async () => {
      const running = new Running({ argv: ["/no/such/program"], timeoutMs: 1 });
      running.run.stop({ kind: "interrupted" }, 0);
      expect(await running.run.ended).toMatchObject({ outcome: { kind: "failed", exitCode: 127 } });
    });
  });

  describe("a timeout", () => {
    test("ends a command that takes longer", async () => {
      expect(await endOf({ command: "sleep 300", timeoutMs: 50 })).toEqual({
        outcome: { kind: "timed_out", afterMs: 50 },
        error: null,
      });
    });

    test("leaves one alone that is in time", async () => {
      expect(await endOf({ command: "exit 4", timeoutMs: LONG_MS })).toMatchObject({
        outcome: { kind: "failed", exitCode: 4 },
      });
    });

    test("of 0 is none", async () => {
      expect(await endOf({ command: "sleep 0.3", timeoutMs: 0 })).toMatchObject({
        outcome: { kind: "succeeded" },
      });
    });

    test("reaches a command that was paused", async () => {
      const running = new Running({ command: "kill -STOP $$; sleep 300", timeoutMs: 200 });
      expect(await running.run.ended).toMatchObject({ outcome: { kind: "timed_out" } });
      expect(running.processes).toEqual([]);
    });

    test("leaves nothing of a tree: children, nohup, sessions of their own, double forks, the deaf", async () => {
      const running = new Running({
        command: `
        sleep 300 &
        nohup sleep 300 >/dev/null 2>&1 &
        setsid sleep 300 &
        setsid sh -c 'setsid sleep 300 & exit 0'
        (trap "" TERM; sleep 300; sleep 300) &
        setsid sh -c 'trap "" TERM HUP INT; while :; do sleep 0.2; done' &
        nohup setsid sh -c '(sleep 300 &) ; sleep 300' >/dev/null 2>&1 &
        echo ready; wait`,
        killGraceMs: 300,
      });
      await running.printed("ready");
      // The shell, its seven branches, and those who come of them.
      await until(() => running.processes.length >= 10, "the tree to grow");
      running.run.stop({ kind: "timed_out", afterMs: 1 });
      expect(await running.run.ended).toMatchObject({ outcome: { kind: "timed_out" } });
      expect(running.processes).toEqual([]);
    });
  });

  describe("a stop", () => {
    test("says TERM first, and KILL to one that is deaf to it", async () => {
      const running = new Running({
        command: "trap 'echo got TERM' TERM; echo ready; while :; do sleep 0.05; done",
      });
      await running.printed("ready");
      running.run.stop({ kind: "timed_out", afterMs: 1 }, LONG_MS);
      await running.printed("got TERM");
      running.run.stop({ kind: "timed_out", afterMs: 1 }, 0);
      expect(await running.run.ended).toMatchObject({ outcome: { kind: "timed_out" } });
      expect(running.processes).toEqual([]);
    });

    test("is the outcome, however the command exits that obeys it", async () => {
      const running = new Running({
        command: "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done",
      });
      await running.printed("ready");
      running.run.stop({ kind: "timed_out", afterMs: 300 });
      expect(await running.run.ended).toMatchObject({
        outcome: { kind: "timed_out", afterMs: 300 },
        error: null,
      });
      expect(running.stdout).toBe("ready\nbye\n");
    });

    test("gives the grace to the group: a child may tidy up after its shell has gone", async () => {
      const file = join(makeDirectory(), "tidied");
      const child = `trap 'sleep 0.5; echo tidied > ${file}; exit' TERM; echo ready; while :; do sleep 0.05; done`;
      const running = new Running({ command: `(${child}) & wait` });
      await running.printed("ready");
      running.run.stop({ kind: "interrupted" }, LONG_MS);
      expect(await running.run.ended).toMatchObject({ outcome: { kind: "interrupted" } });
      expect(readFileSync(file, "utf8")).toBe("tidied\n");
    });

    test("without a grace kills at once", async () => {
      const file = join(makeDirectory(), "tidied");
      const running = new Running({
        command: `trap 'sleep 5; touch ${file}; exit' TERM; echo ready; while :; do sleep 0.05; done`,
      });
      await running.printed("ready");
      running.run.stop({ kind: "lost" }, 0);
      expect(await running.run.ended).toMatchObject({ outcome: { kind: "lost" } });
      expect(existsSync(file)).toBe(false);
      expect(running.processes).toEqual([]);
    });

    test("has one reason, the first; a later one can only hurry", async () => {
      const running = new Running({ command: "trap '' TERM; echo ready; while :; do sleep 0.05; done" });
      await running.printed("ready");
      running.run.stop({ kind: "timed_out", afterMs: 7 }, LONG_MS);
      running.run.stop({ kind: "interrupted" }, 0);
      running.run.stop({ kind: "lost" }, LONG_MS);
      expect(await running.run.ended).toMatchObject({ outcome: { kind: "timed_out", afterMs: 7 } });
    });

    test("uses the command's own grace when it brings none", async () => {
      const running = new Running({
        command: "trap '' TERM; echo ready; while :; do sleep 0.05; done",
        killGraceMs: 50,
      });
      await running.printed("ready");
      running.run.stop({ kind: "interrupted" });
      expect(await running.run.ended).toMatchObject({ outcome: { kind: "interrupted" } });
    });
  });
});

describe("a command whose launcher does not say", () => {
  const NEVER = new Promise<never>(() => {});

  function launcherOf(launched: Partial<LaunchedProcess>): Launcher {
    const silent = { started: NEVER, ended: NEVER, usage: null, terminate: () => {} };
    return {
      launch: () => ({ ...silent, killTree: async () => {}, finish: async () => {}, ...launched }),
    };
  }

  beforeEach(() => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
  });

  test("that it has ended is given up a while after its kill, for the cause of its stop", async () => {
    launcher = launcherOf({});
    const { run } = new Running({});
    run.stop({ kind: "interrupted" }, 0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await run.ended).toMatchObject({ outcome: { kind: "interrupted" } });
  });

  test("that it has started is killed all the same when its grace is over", async () => {
    const { promise: ended, resolve } = Promise.withResolvers<ProcessEnd>();
    launcher = launcherOf({ ended, killTree: async () => resolve({ kind: "signalled", signal: "SIGKILL" }) });
    const { run } = new Running({ timeoutMs: 10, killGraceMs: 100 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await run.ended).toMatchObject({ outcome: { kind: "timed_out", afterMs: 10 } });
    expect(vi.getTimerCount()).toBe(0);
  });
});

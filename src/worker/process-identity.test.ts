import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../tests/support/queuectl.ts";
import { statOf } from "../../tests/support/worker-processes.ts";
import type { WorkerIdentity } from "../domain/lease.ts";
import { identifySelf, processState } from "./process-identity.ts";

const self = identifySelf();

/** The identity under which a process of this machine would have registered. */
function identityOf(pid: number): WorkerIdentity {
  return { ...self, pid, startTime: statOf(pid)?.startTime ?? null };
}

/** A program that runs until the test is over. */
function startProgram(file: string, args: string[]): ChildProcess {
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "ignore"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

test("this process sees itself", () => {
  expect(self.pid).toBe(process.pid);
  expect(self.startTime).toBe(statOf(process.pid)?.startTime);
  expect(processState(self, self)).toBe("alive");
});

test("another process lives until it has ended", async () => {
  const child = startProgram("sleep", ["300"]);
  const identity = identityOf(child.pid ?? 0);
  expect(processState(identity, self)).toBe("alive");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(processState(identity, self)).toBe("gone");
});

test("a process that has the pid but another start time is a stranger", () => {
  expect(processState({ ...self, startTime: "1" }, self)).toBe("gone");
});

test("a process that has ended and waits for its parent to notice is gone", async () => {
  // The shell turns into a program that never asks for its child.
  const parent = startProgram("/bin/sh", ["-c", "sleep 0.1 & echo $!; exec sleep 300"]);
  const [line] = (await once(parent.stdout ?? process.stdin, "data")) as [Buffer];
  const pid = Number(String(line));
  const identity = identityOf(pid);
  await until(() => statOf(pid)?.state === "Z", "the child to become a zombie");
  expect(processState(identity, self)).toBe("gone");
});

test("a process whose name looks like its own record is read right", async () => {
  const directory = mkdtempSync(join(tmpdir(), "queuectl-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "x) Z 1 2 3");
  symlinkSync("/bin/sh", file);
  const child = startProgram(file, ["-c", "echo ready; read line"]);
  await once(child.stdout ?? process.stdin, "data");
  const identity = identityOf(child.pid ?? 0);
  expect(identity.startTime).toMatch(/^\d+$/);
  expect(processState(identity, self)).toBe("alive");
});

test("of another boot or another pid namespace nothing can be seen", () => {
  expect(processState({ ...self, bootId: "another" }, self)).toBe("unknown");
  expect(processState({ ...self, pidNamespace: "pid:[1]" }, self)).toBe("unknown");
  expect(processState({ ...self, pidNamespace: null }, self)).toBe("unknown");
});

test("without a start time only the pid speaks", async () => {
  const child = startProgram("true", []);
  await once(child, "exit");
  expect(processState({ ...self, startTime: null }, self)).toBe("alive");
  expect(processState({ ...self, pid: child.pid ?? 0, startTime: null }, self)).toBe("gone");
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { LAUNCHER } from "../../scripts/build-launcher.ts";
import { HAS_NATIVE } from "../../tests/support/launchers.ts";
import { chooseLauncher, nativeLauncherPath } from "./choose-launcher.ts";
import { NativeLauncher } from "./native-launcher.ts";
import { nodeLauncher } from "./node-launcher.ts";

function emptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "queuectl-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** A directory with something in the place of the launcher. */
function directoryWith(content: string, mode: number): string {
  const directory = emptyDirectory();
  writeFileSync(nativeLauncherPath(directory), content);
  chmodSync(nativeLauncherPath(directory), mode);
  return directory;
}

const BUILT = dirname(LAUNCHER);

test.runIf(HAS_NATIVE)("the native launcher is taken where it runs", async () => {
  expect(await chooseLauncher(BUILT, {})).toBeInstanceOf(NativeLauncher);
  expect(await chooseLauncher(BUILT, { QUEUECTL_LAUNCHER: "native" })).toBeInstanceOf(NativeLauncher);
});

test("Node's is taken when it is asked for", async () => {
  expect(await chooseLauncher(BUILT, { QUEUECTL_LAUNCHER: "node" })).toBe(nodeLauncher);
});

describe.each<[string, () => string]>([
  ["is missing", emptyDirectory],
  ["may not be executed", () => directoryWith("#!/bin/sh\n", 0o600)],
  ["is for another processor", () => directoryWith("\x7fELF", 0o700)],
  ["ends without a word", () => directoryWith("#!/bin/sh\nexit 0\n", 0o700)],
  ["says something else", () => directoryWith("#!/bin/sh\nprintf 'Hello, world' >&3; sleep 9\n", 0o700)],
])("a native launcher that %s", (_, directory) => {
  test("is done without", async () => {
    expect(await chooseLauncher(directory(), {})).toBe(nodeLauncher);
  });

  test("is refused when it is demanded, with the remedy", async () => {
    await expect(chooseLauncher(directory(), { QUEUECTL_LAUNCHER: "native" })).rejects.toMatchObject({
      code: "worker_failed",
      message: expect.stringContaining("does not run here"),
      hint: expect.stringContaining("unset QUEUECTL_LAUNCHER"),
    });
  });
});

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LAUNCHER } from "../../scripts/build-launcher.ts";
import { chooseLauncher } from "../../src/worker/choose-launcher.ts";
import { NativeLauncher } from "../../src/worker/native-launcher.ts";
import { HAS_NATIVE } from "../support/launchers.ts";

test.runIf(HAS_NATIVE)("the packed launcher runs from where it was unpacked", async () => {
  const directory = mkdtempSync(join(tmpdir(), "queuectl-pack-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const root = join(dirname(LAUNCHER), "..");
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", directory];
  const [packed] = JSON.parse(execFileSync("npm", pack, { cwd: root, encoding: "utf8" })) as {
    filename: string;
  }[];
  execFileSync("tar", ["-xzf", packed?.filename ?? "", "-C", "."], { cwd: directory });
  const unpacked = join(directory, "package", "dist");
  expect(await chooseLauncher(unpacked, { QUEUECTL_LAUNCHER: "native" })).toBeInstanceOf(NativeLauncher);
});

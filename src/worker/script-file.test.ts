import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { buildStoredJob } from "../../tests/support/build-job.ts";
import { writeScript } from "./script-file.ts";

test("a script takes the place of what stands at its name since before a backup was restored, and follows no link", () => {
  const root = mkdtempSync(join(tmpdir(), "queuectl-script-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const store = { name: join(root, "queue.db"), id: "s" };
  const write = (letter: string) =>
    writeScript({ token: 1, number: 1, job: buildStoredJob({ command: letter.repeat(200_000) }) }, store) ??
    "";
  const path = write("a");
  expect(write("b")).toBe(path);
  expect(readFileSync(path, "utf8")).toBe("b".repeat(200_000));

  const precious = join(root, "precious");
  writeFileSync(precious, "keep me");
  rmSync(path);
  symlinkSync(precious, path);
  write("c");
  expect(lstatSync(path).isFile()).toBe(true);
  expect(readFileSync(precious, "utf8")).toBe("keep me");
});

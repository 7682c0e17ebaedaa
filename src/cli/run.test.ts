import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fakeIo } from "../../tests/support/fake-io.ts";
import { ClosedPipe } from "./io.ts";
import { run } from "./run.ts";

const home = mkdtempSync(join(tmpdir(), "queuectl-run-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const env = { QUEUECTL_HOME: home };

test("command lines run one after another in one process, each with its own io and exit code", async () => {
  const first = fakeIo({ env, cwd: home });
  expect(await run(["enqueue", "--id", "a1", "--quiet", "true"], first)).toBe(0);
  expect([first.stdout.text, first.stderr.text]).toEqual(["a1\n", ""]);

  const again = fakeIo({ env, cwd: home });
  expect(await run(["enqueue", "--id", "a1", "true"], again)).toBe(1);
  expect(again.stdout.text).toBe("");
  expect(again.stderr.text).toContain("this id exists already");

  const read = fakeIo({ env, cwd: home });
  expect(await run(["list", "--json"], read)).toBe(0);
  expect(JSON.parse(read.stdout.text)).toMatchObject([{ id: "a1", cwd: home }]);

  const missing = fakeIo({ env, cwd: home });
  expect(await run(["info", "b2", "--json"], missing)).toBe(4);
  expect(JSON.parse(missing.stderr.text)).toMatchObject({ error: { code: "job_not_found" } });
});

test("standard input is read as it comes, cut anywhere", async () => {
  const text = '\ufeff{"id":"s1","command":"écho 🍅"}\r\n\n{"id":"s2","command":"b"}';
  const stdin = Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte));
  const io = fakeIo({ env, cwd: home, stdin });
  expect(await run(["enqueue", "-", "--json"], io)).toBe(0);
  expect(JSON.parse(io.stdout.text)).toMatchObject([{ id: "s1", command: "écho 🍅" }, { id: "s2" }]);
});

test("a reader that goes away is no error; any other fault is, in one sentence", async () => {
  const closed = fakeIo({
    env,
    onWrite: () => {
      throw new ClosedPipe();
    },
  });
  expect(await run(["list"], closed)).toBe(0);
  expect(closed.stderr.text).toBe("");

  const broken = fakeIo({
    env,
    onWrite: () => {
      throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    },
  });
  expect(await run(["list"], broken)).toBe(1);
  expect(broken.stderr.text).toBe(
    "queuectl: Something went wrong (ENOSPC): no space left on device.\nRun it again with QUEUECTL_DEBUG=1 to see where.\n",
  );
});

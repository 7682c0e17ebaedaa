import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createDataDirectory } from "./data-files.ts";

function openRoot(): { root: string; db: string } {
  const root = mkdtempSync(join(tmpdir(), "queuectl-data-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  return { root, db: join(root, "queue.db") };
}

test("the data directory is made for its owner alone, with the folders in it", () => {
  const { db } = openRoot();
  expect(createDataDirectory(db, "output/s")).toBe(`${db}.d/output/s`);
  expect(createDataDirectory(db)).toBe(`${db}.d`);
  expect([`${db}.d`, `${db}.d/output/s`].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
});

test("a data directory that others can write is refused, and nothing is put into it", () => {
  const { db } = openRoot();
  mkdirSync(`${db}.d`);
  chmodSync(`${db}.d`, 0o777);
  expect(() => createDataDirectory(db, "output")).toThrow(
    expect.objectContaining({ code: "store_unreachable", hint: `Run: chmod go-w '${db}.d'` }),
  );
  expect(readdirSync(`${db}.d`)).toEqual([]);
});

test("a link in the place of the data directory is refused, and not followed", () => {
  const { root, db } = openRoot();
  mkdirSync(join(root, "precious"), { mode: 0o700 });
  symlinkSync(join(root, "precious"), `${db}.d`);
  expect(() => createDataDirectory(db, "output")).toThrow(
    expect.objectContaining({ code: "store_unreachable", message: `${db}.d is not a directory` }),
  );
  expect(readdirSync(join(root, "precious"))).toEqual([]);
});

import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as library from "../../src/index.ts";
import { homeForTest } from "../support/queuectl.ts";

const ROOT = join(import.meta.dirname, "../..");
const page = readFileSync(join(ROOT, "docs/reference/library.md"), "utf8");
const programs = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);

test("the reference has programs, and names what there is to import", () => {
  expect(programs.length).toBeGreaterThanOrEqual(4);
  for (const name of Object.keys(library)) expect(page).toContain(name);
});

test.each(programs.map((text, index) => [index + 1, text] as const))(
  "program %d of the reference runs, and prints what it says",
  async (_, text) => {
    const home = homeForTest();
    mkdirSync(join(home.cwd, "node_modules"));
    symlinkSync(ROOT, join(home.cwd, "node_modules/queuectl"));
    home.write("program.mts", text);
    const { exitCode, stdout, stderr } = await home.startNode(["program.mts"]).ended();
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    for (const [, said = ""] of text.matchAll(/^console\.log.*; \/\/ (\w+)$/gm))
      expect(stdout.split("\n")).toContain(said);
  },
);

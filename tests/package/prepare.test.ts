import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkoutForFile } from "../support/checkout.ts";
import { OLDER_NODE } from "../support/older-node.ts";

/** As an installation that leaves the bundler out has it, `npm ci --omit=dev` or `--omit=optional`. */
const checkout = checkoutForFile({ installed: false });

const NODES = [process.execPath, ...(OLDER_NODE === undefined ? [] : [OLDER_NODE])];

test.each(NODES)("a checkout that cannot be built says what it needs (under %s)", async (node) => {
  const { exitCode, stderr } = await checkout.run([node, "scripts/prepare.cjs"]);
  expect(exitCode).toBe(1);
  expect(stderr.split("\n")).toEqual([
    "queuectl cannot be built without its development and optional dependencies.",
    `In ${checkout.path}, run: npm ci --include=dev --include=optional`,
    "",
  ]);
});

test("what was built before is left as it is, and will do", async () => {
  mkdirSync(join(checkout.path, "dist"));
  writeFileSync(join(checkout.path, "dist", "queuectl.cjs"), "");
  const { exitCode, stderr } = await checkout.run(["npm", "run", "prepare"]);
  expect(exitCode).toBe(0);
  expect(stderr).toContain("dist/ stays as it is.\n");
});

import { spawnSync } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** The scripts are documentation too: what they show must work as it stands. */
function runScript(
  name: string,
  ...args: string[]
): { status: number | null; stdout: string; stderr: string } {
  const path = fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
  const PATH = [dirname(process.execPath), process.env["PATH"]].join(delimiter);
  return spawnSync(path, args, { encoding: "utf8", env: { ...process.env, PATH } });
}

test("scripts/e2e_test.sh: a success, a retry that ends in the DLQ, an invalid command, revival, stop, kill -9", () => {
  const { status, stdout, stderr } = runScript("e2e_test.sh");
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout.match(/^ok: /gm)).toHaveLength(14);
});

test("scripts/concurrency_test.sh: many jobs, several workers, each once", () => {
  const { status, stdout, stderr } = runScript("concurrency_test.sh", "60", "3");
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain("60 jobs, 3 workers: 60 executions of 60 different jobs");
});

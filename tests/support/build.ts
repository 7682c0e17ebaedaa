import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type RolldownOptions, rolldown } from "rolldown";
import config from "../../rolldown.config.mts";
import { buildLauncher } from "../../scripts/build-launcher.ts";
import { buildTypes } from "../../scripts/build-types.ts";

/** Where the package's files are looked for, whatever the directory of the run. */
const ROOT = join(import.meta.dirname, "../..");

/** Builds the command and the library once before the tests, so that they run what the sources say. */
export default async function setup(): Promise<void> {
  for (const part of config) await build(part as RolldownOptions);
  buildTypes();
  buildLauncher();
}

/**
 * One file, put in place by a rename, and only when it differs: tests of another run may be starting the old one at this
 * moment.
 */
async function build({ output, ...input }: RolldownOptions): Promise<void> {
  if (output === undefined || Array.isArray(output) || output.file === undefined)
    throw new Error("Each part of the build is one file.");
  const { file, ...options } = output;
  const path = join(ROOT, file);
  const bundle = await rolldown(input);
  const [{ code }] = (await bundle.generate(options)).output;
  await bundle.close();
  if (existsSync(path) && readFileSync(path, "utf8") === code) return;
  const fresh = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(fresh, code);
  renameSync(fresh, path);
}

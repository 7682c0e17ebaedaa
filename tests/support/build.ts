import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type RolldownOptions, rolldown } from "rolldown";
import config from "../../rolldown.config.mts";
import { buildLauncher } from "../../scripts/build-launcher.ts";
import { buildTypes } from "../../scripts/build-types.ts";

/** Where the package's files are looked for, whatever the directory of the run. */
const ROOT = join(import.meta.dirname, "../..");

let built: Promise<void> | undefined;

/** Builds the command and the library before the tests, so that they run what the sources say. Each project asks for it. */
export default async function setup(): Promise<void> {
  built ??= buildAll();
  await built;
}

async function buildAll(): Promise<void> {
  for (const part of config) await build(part as RolldownOptions);
  buildTypes();
  buildLauncher();
}

async function build(part: RolldownOptions): Promise<void> {
  for (const { fileName, code } of await generate(part)) {
    const path = join(ROOT, "dist", fileName);
    // Only when it differs, and by a rename: tests of another run may be starting the old one at this moment.
    if (existsSync(path) && readFileSync(path, "utf8") === code) continue;
    const fresh = `${path}.${process.pid}`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(fresh, code);
    renameSync(fresh, path);
  }
}

/** The files of one part of the build, by their names in `dist/`. */
export async function generate({
  output,
  ...input
}: RolldownOptions): Promise<{ fileName: string; code: string }[]> {
  if (output === undefined || Array.isArray(output))
    throw new Error("Each part of the build has one output.");
  const bundle = await rolldown(input);
  const { output: files } = await bundle.generate(output);
  await bundle.close();
  return files.flatMap((file) => (file.type === "chunk" ? [file] : []));
}

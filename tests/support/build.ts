import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type RolldownOptions, rolldown } from "rolldown";
import config from "../../rolldown.config.mts";

/** Where `queuectl.js` expects the command, whatever the directory of the run. */
const BUNDLE = fileURLToPath(new URL("../../dist/queuectl.cjs", import.meta.url));

/**
 * Builds the command once before the tests, so that they run what the sources say. Put in place by a rename, and only
 * when it differs: tests of another run may be starting the old one at this moment.
 */
export default async function setup(): Promise<void> {
  const { output, ...input } = config as RolldownOptions;
  if (output === undefined || Array.isArray(output)) throw new Error("The command is one file.");
  const bundle = await rolldown(input);
  const { file: _, ...options } = output;
  const [{ code }] = (await bundle.generate(options)).output;
  await bundle.close();
  if (existsSync(BUNDLE) && readFileSync(BUNDLE, "utf8") === code) return;
  const fresh = `${BUNDLE}.${process.pid}`;
  mkdirSync(dirname(BUNDLE), { recursive: true });
  writeFileSync(fresh, code);
  renameSync(fresh, BUNDLE);
}

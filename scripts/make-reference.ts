/**
 * Writes `docs/reference/` from the tables that the program itself works with. With `--check` it writes nothing, and
 * fails when a page says something else than it would write.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cliReference } from "./reference/cli.ts";
import { configReference } from "./reference/config.ts";
import { flowSchema } from "./reference/flow-schema.ts";
import { jsonReference } from "./reference/json.ts";

/** The pages by their paths below the root. */
export function makeReference(): Record<string, string> {
  return {
    "docs/reference/cli.md": cliReference(),
    "docs/reference/config.md": configReference(),
    "docs/reference/flow.schema.json": flowSchema(),
    "docs/reference/json.md": jsonReference(),
  };
}

function main(root: string, isCheck: boolean): number {
  const pages = Object.entries(makeReference());
  const stale = pages.filter(([path, text]) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, "utf8") !== text;
  });
  if (isCheck) {
    for (const [path] of stale)
      process.stdout.write(`${path} is not what the program says; make it anew: npm run reference\n`);
    return stale.length === 0 ? 0 : 1;
  }
  mkdirSync(join(root, "docs/reference"), { recursive: true });
  for (const [path, text] of stale) {
    writeFileSync(join(root, path), text);
    process.stdout.write(`Wrote ${path}\n`);
  }
  return 0;
}

if (import.meta.main)
  process.exitCode = main(join(import.meta.dirname, ".."), process.argv.includes("--check"));

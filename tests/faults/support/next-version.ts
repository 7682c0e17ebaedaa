import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RolldownOptions, RolldownPlugin } from "rolldown";
import config from "../../../rolldown.config.mts";
import { quoteArgv } from "../../../src/domain/shell-quote.ts";
import { generate } from "../../support/build.ts";
import type { Home, Result } from "../../support/queuectl.ts";

/** The command as its next version will be: it knows one migration more. */
export class NextVersion {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Builds it from the same sources into a directory. */
  static async build(directory: string): Promise<NextVersion> {
    const [command] = config as RolldownOptions[];
    if (command === undefined) throw new Error("Nothing is built");
    const folder = join(directory, "next-version");
    mkdirSync(folder);
    const files = await generate({ ...command, plugins: [command.plugins, oneMigrationMore] });
    for (const { fileName, code } of files) writeFileSync(join(folder, fileName), code);
    const path = join(folder, "queuectl.cjs");
    return new NextVersion(path);
  }

  async run(home: Home, ...args: string[]): Promise<Result> {
    return await home.shell(quoteArgv([process.execPath, this.#path, ...args]));
  }
}

const oneMigrationMore: RolldownPlugin = {
  name: "one-migration-more",
  transform(code, id) {
    if (id.endsWith("sqlite/migrate.ts"))
      return changed(
        code,
        /(const SCHEMA_VERSION = )(\d+)/,
        (_, start, version) => `${start}${Number(version) + 1}`,
      );
    if (id.endsWith("sqlite/migrations.ts"))
      return changed(
        code,
        /(const MIGRATIONS\b[^;]*?),?\s*\];/,
        (_, list) => `${list}, "ALTER TABLE jobs ADD COLUMN added_later TEXT"];`,
      );
    return undefined;
  },
};

function changed(code: string, pattern: RegExp, change: (...found: string[]) => string): string {
  const next = code.replace(pattern, change);
  if (next === code) throw new Error(`${pattern} was not found`);
  return next;
}

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RolldownOptions, type RolldownPlugin, rolldown } from "rolldown";
import config from "../../../rolldown.config.mts";
import { quoteArgv } from "../../../src/domain/shell-quote.ts";
import type { Home, Result } from "../../support/queuectl.ts";

/** The command as its next version will be: it knows one migration more. */
export class NextVersion {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Builds it from the same sources into a directory. */
  static async build(directory: string): Promise<NextVersion> {
    const [{ output, ...input } = {}] = config as RolldownOptions[];
    if (output === undefined || Array.isArray(output)) throw new Error("The command is one file.");
    const bundle = await rolldown({ ...input, plugins: [input.plugins, oneMigrationMore] });
    const { file: _, ...options } = output;
    const [{ code }] = (await bundle.generate(options)).output;
    await bundle.close();
    const path = join(directory, "next-version.cjs");
    writeFileSync(path, code);
    return new NextVersion(path);
  }

  async run(home: Home, ...args: string[]): Promise<Result> {
    return await home.shell(quoteArgv([process.execPath, this.#path, ...args]));
  }
}

const oneMigrationMore: RolldownPlugin = {
  name: "one-migration-more",
  transform(code, id) {
    if (!id.endsWith("sqlite/migrate.ts")) return undefined;
    const more = code.replace(
      /(const MIGRATIONS\b[^;]*?),?\s*\];/,
      '$1, "ALTER TABLE jobs ADD COLUMN added_later TEXT"];',
    );
    if (more === code) throw new Error("The list of migrations was not found");
    return more;
  },
};

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What a licence is called in the package that comes under it. */
const LICENCE_FILE = /^(licen[cs]e|copying|notice)(\.|-|$)/i;

/** As much of rolldown's output as is read here. */
type Output = Record<string, { type: string; moduleIds?: readonly string[] }>;

/**
 * A bundler plugin: writes the licences of the packages of which anything is in the bundle beside it. Their authors ask
 * for that, and the minified bundle has lost every comment. A package without a licence text fails the build.
 */
export const thirdPartyNotices = {
  name: "third-party-notices",
  generateBundle(
    this: { emitFile(file: { type: "asset"; fileName: string; source: string }): string },
    _: unknown,
    output: Output,
  ): void {
    const modules = Object.values(output).flatMap(({ moduleIds = [] }) => moduleIds);
    const packages = new Set(modules.filter((id) => id.includes("node_modules")).map(packageDirectory));
    const notices = [...packages].map(notice).sort();
    const source = [`queuectl contains the following packages.\n`, ...notices].join(
      `\n${"-".repeat(80)}\n\n`,
    );
    this.emitFile({ type: "asset", fileName: "THIRD-PARTY-NOTICES.txt", source });
  },
};

/** The nearest directory above a module whose manifest has a name: one that only says `type` marks no package. */
function packageDirectory(moduleId: string): string {
  for (let directory = dirname(moduleId); directory !== dirname(directory); directory = dirname(directory)) {
    const manifest = join(directory, "package.json");
    if (existsSync(manifest) && readManifest(directory).name !== undefined) return directory;
  }
  throw new Error(`No package holds ${moduleId}`);
}

function notice(directory: string): string {
  const { name, version, license } = readManifest(directory);
  const texts = readdirSync(directory)
    .filter((file) => LICENCE_FILE.test(file))
    .map((file) => readFileSync(join(directory, file), "utf8").trim());
  if (texts.length === 0) throw new Error(`${name} is bundled and carries no licence text`);
  return `${name} ${version} (${license})\n\n${texts.join("\n\n")}\n`;
}

function readManifest(directory: string): { name?: string; version?: string; license?: string } {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
}

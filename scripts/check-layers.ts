/**
 * Holds every import of the sources to the table "Who may import whom" of the architecture.
 *
 * It reads with a real parser, so that type-only, dynamic and re-exporting imports count like any other and a comment
 * counts for nothing; and it fails when it read fewer files than the tree is known to have, for a checker that reads
 * nothing must not pass. Tests are exempt: they may look anywhere.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { parseSync } from "rolldown/utils";

/** The tree has more; raise it now and then. */
const FEWEST_FILES = 60;

/** What an import counts as that names its module by anything but a plain text. */
const COMPUTED = "(computed)";

/** The one file outside `src/` that a source may read: the program says its version. */
const MANIFEST = "package.json";

type Layer =
  | "domain"
  | "config"
  | "store contract"
  | "store backend"
  | "store opener"
  | "queue"
  | "worker"
  | "server"
  | "cli"
  | "index";

/** Within `src/store/`, what is not named here is private to it. */
const LAYERS: readonly { under: string; layer: Layer }[] = [
  { under: "src/domain/", layer: "domain" },
  { under: "src/config/", layer: "config" },
  { under: "src/store/store.ts", layer: "store contract" },
  { under: "src/store/change-store.ts", layer: "store contract" },
  { under: "src/store/claim-store.ts", layer: "store contract" },
  { under: "src/store/query-store.ts", layer: "store contract" },
  { under: "src/store/retention-store.ts", layer: "store contract" },
  { under: "src/store/schedule-store.ts", layer: "store contract" },
  { under: "src/store/worker-store.ts", layer: "store contract" },
  { under: "src/store/data-files.ts", layer: "store contract" },
  { under: "src/store/machine.ts", layer: "store contract" },
  { under: "src/store/output-layout.ts", layer: "store contract" },
  { under: "src/store/open-store.ts", layer: "store opener" },
  { under: "src/store/", layer: "store backend" },
  { under: "src/queue/", layer: "queue" },
  { under: "src/worker/", layer: "worker" },
  { under: "src/server/", layer: "server" },
  { under: "src/cli/", layer: "cli" },
  // The library: the second root beside the program. `index.ts` says what of it is public.
  { under: "src/library/", layer: "index" },
  { under: "src/index.ts", layer: "index" },
];

const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  domain: ["domain"],
  config: ["config", "domain"],
  "store contract": ["store contract", "domain"],
  "store backend": ["store backend", "store contract", "domain"],
  "store opener": ["store backend", "store contract", "domain"],
  queue: ["queue", "store contract", "domain"],
  worker: ["worker", "store contract", "domain"],
  server: ["server", "queue", "domain"],
  cli: ["cli", "server", "worker", "queue", "store opener", "store contract", "config", "domain"],
  index: ["index", "worker", "queue", "store opener", "store contract", "config", "domain"],
};

/** A file under `src/`, by its path from the root with forward slashes, and the modules it names. */
export interface SourceFile {
  path: string;
  imports: readonly string[];
}

export interface Violation {
  path: string;
  /** The module as it is named there; null when the file itself is the matter. */
  imported: string | null;
  rule: string;
}

/** Everything in these files that the table does not allow. The files must be all that relative imports may reach. */
export function findViolations(files: readonly SourceFile[]): Violation[] {
  const paths = new Set(files.map(({ path }) => path));
  return files.flatMap(({ path, imports }): Violation[] => {
    const layer = layerOf(path);
    if (layer === undefined)
      return [{ path, imported: null, rule: "it belongs to no layer: give it one in the table" }];
    return imports.flatMap((imported) => {
      const rule = brokenRule({ path, layer }, imported, paths);
      return rule === undefined ? [] : [{ path, imported, rule }];
    });
  });
}

function brokenRule(
  { path, layer }: { path: string; layer: Layer },
  imported: string,
  paths: ReadonlySet<string>,
): string | undefined {
  if (imported === COMPUTED) return "an import names its module by a plain text";
  if (!imported.startsWith("."))
    return layer === "domain" ? "the domain imports no package and nothing of Node" : undefined;
  const target = posix.join(posix.dirname(path), imported);
  if (target === MANIFEST && layer === "cli") return undefined;
  if (!/\.(ts|sql)$/.test(target)) return "a relative import ends in .ts (or .sql, for its text)";
  if (!paths.has(target)) return "there is no such source file";
  const targetLayer = layerOf(target);
  if (targetLayer !== undefined && MAY_IMPORT[layer].includes(targetLayer)) return undefined;
  return `${layer} may import ${MAY_IMPORT[layer].join(", ")}; not ${targetLayer ?? "what has no layer"}`;
}

function layerOf(path: string): Layer | undefined {
  return LAYERS.find(({ under }) => (under.endsWith("/") ? path.startsWith(under) : path === under))?.layer;
}

/**
 * The modules that a TypeScript source names, in any form of import or re-export.
 * @throws when the source cannot be parsed
 */
export function readImports(path: string, source: string): string[] {
  const { program, errors } = parseSync(path, source);
  if (errors[0]) throw new Error(`Cannot parse ${path}: ${errors[0].message}`);
  const imports: string[] = [];
  visit(program, imports);
  return imports;
}

const IMPORTING = new Set([
  "ImportDeclaration",
  "ImportExpression",
  "TSImportType",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
]);

function visit(node: unknown, imports: string[]): void {
  if (typeof node !== "object" || node === null) return;
  const { type, source } = node as { type?: unknown; source?: { value?: unknown } | null };
  if (typeof type === "string" && IMPORTING.has(type) && source)
    imports.push(typeof source.value === "string" ? source.value : COMPUTED);
  for (const child of Object.values(node)) visit(child, imports);
}

function readSources(root: string): SourceFile[] {
  const top = join(root, "src");
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, encoding: "utf8" })
    .map((name) => `src/${name.split(sep).join("/")}`)
    .filter((path) => /\.(ts|sql)$/.test(path) && !path.endsWith(".test.ts"))
    .map((path) => ({
      path,
      imports: path.endsWith(".ts") ? readImports(path, readFileSync(join(root, path), "utf8")) : [],
    }));
}

function main(root: string): number {
  const files = readSources(root);
  const violations = findViolations(files);
  for (const { path, imported, rule } of violations)
    process.stdout.write(`${path}${imported === null ? "" : ` imports "${imported}"`}: ${rule}\n`);
  if (files.length < FEWEST_FILES) {
    process.stdout.write(`Read ${files.length} source files, fewer than the ${FEWEST_FILES} there must be\n`);
    return 1;
  }
  if (violations.length > 0) return 1;
  const count = files.reduce((sum, { imports }) => sum + imports.length, 0);
  process.stdout.write(`Layers hold: ${files.length} files, ${count} imports\n`);
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv[2] ?? join(import.meta.dirname, ".."));

/**
 * Writes the library's declarations to `dist/types/`: of all that the compiler emits, only what can be reached from
 * `index`. The package is CommonJS by name and the library an ES module, so they are `.d.mts` files, which name each
 * other as the `.mjs` that would stand beside them: a consumer's compiler resolves nothing else in every mode.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const ENTRY = "index";

/** @throws when the sources do not compile */
export function buildTypes(directory: string = join(ROOT, "dist/types")): void {
  const emitted = mkdtempSync(join(tmpdir(), "queuectl-types-"));
  try {
    emit(emitted);
    rmSync(directory, { recursive: true, force: true });
    for (const [module, text] of reachable(emitted)) {
      const path = join(directory, `${module}.d.mts`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text.replaceAll(RELATIVE_IMPORT, '"$1.mjs"'));
    }
  } finally {
    rmSync(emitted, { recursive: true });
  }
}

function emit(directory: string): void {
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const args = [compiler, "--project", join(ROOT, "tsconfig.types.json"), "--outDir", directory];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`The declarations could not be made:\n${stdout}${stderr}`);
}

const RELATIVE_IMPORT = /"(\.{1,2}\/[^"]+)\.ts"/g;

/** The declarations of the entry and of all that they import, by module. */
function reachable(directory: string): Map<string, string> {
  const found = new Map<string, string>();
  const wanted = [ENTRY];
  for (const module of wanted) {
    if (found.has(module)) continue;
    const text = readFileSync(join(directory, `${module}.d.ts`), "utf8");
    found.set(module, text);
    for (const [, imported = ""] of text.matchAll(RELATIVE_IMPORT))
      wanted.push(posix.join(posix.dirname(module), imported));
  }
  return found;
}

if (import.meta.main) buildTypes();

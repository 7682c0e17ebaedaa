/**
 * Takes out of `package.json`, for as long as npm packs it, what only a checkout needs. npm packs files as they stand
 * on the disk and knows no other way.
 *
 * The checkout gets its manifest back whatever happens: when the tarball is made; and, by a process that waits for npm
 * to end, when packing fails, when npm is interrupted or killed, and after `npm publish`. The latter reads the manifest
 * once more when it has packed, and what it reads then is what the registry tells every installation: the checkout's
 * must not be back before npm has ended.
 *
 *     pack-manifest.ts strip PID   `prepack`; the pid is npm's
 *     pack-manifest.ts restore     `postpack`; by hand, when the machine went down in the middle
 *     pack-manifest.ts guard PID   started by `strip`
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const MANIFEST = join(import.meta.dirname, "..", "package.json");

/** The checkout's manifest while another stands in its place; ignored by git, and never packed. */
const KEPT = join(import.meta.dirname, "..", "package.json.kept");

interface Kept {
  npmPid: number;
  manifest: string;
}

/** What a user gets: nothing beside the bundle to install, nothing to run. */
function publishedManifest(text: string): string {
  const { scripts, devDependencies, optionalDependencies, ...published } = JSON.parse(text);
  return `${JSON.stringify(published, null, 2)}\n`;
}

function strip(npmPid: number): void {
  if (!(npmPid > 0)) throw new Error("Who packs is not known. Pack where scripts run in a POSIX shell.");
  restoreAfterTheDead(npmPid);
  const manifest = readFileSync(MANIFEST, "utf8");
  const kept: Kept = { npmPid, manifest };
  // In this order the manifest is never another than the checkout's without being kept and guarded.
  writeWhole(KEPT, JSON.stringify(kept));
  const argv = [import.meta.filename, "guard", String(npmPid)];
  spawn(process.execPath, argv, { detached: true, stdio: "ignore" }).unref();
  writeWhole(MANIFEST, publishedManifest(manifest));
}

/** A manifest that is kept is another npm's at work, or one that git brought back after the machine went down. */
function restoreAfterTheDead(npmPid: number): void {
  const kept = readKept();
  if (kept === undefined) return;
  if (kept.npmPid !== npmPid && isRunning(kept.npmPid))
    throw new Error(`npm (PID ${kept.npmPid}) is packing this checkout. Wait for its end.`);
  restore();
}

function restore(): void {
  const kept = readKept();
  if (kept === undefined) return;
  const current = readFileSync(MANIFEST, "utf8");
  if (current !== kept.manifest && current !== publishedManifest(kept.manifest))
    throw new Error(
      `package.json has changed since npm began to pack it. Remove ${KEPT}: it holds the old one.`,
    );
  writeWhole(MANIFEST, kept.manifest);
  rmSync(KEPT, { force: true });
}

const LOOK_EVERY_MS = 50;

async function guard(npmPid: number): Promise<void> {
  while (isRunning(npmPid) && existsSync(KEPT)) await pause(LOOK_EVERY_MS);
  if (readKept()?.npmPid === npmPid) restore();
}

function readKept(): Kept | undefined {
  return existsSync(KEPT) ? JSON.parse(readFileSync(KEPT, "utf8")) : undefined;
}

function writeWhole(path: string, content: string): void {
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, content);
  renameSync(fresh, path);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** These read the manifest once more after `postpack`. */
const READS_AGAIN = ["publish", "stage"];

const [verb, pid] = process.argv.slice(2);
try {
  if (verb === "strip") strip(Number(pid));
  else if (verb === "restore" && !READS_AGAIN.includes(process.env["npm_command"] ?? "")) restore();
  else if (verb === "guard") await guard(Number(pid));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

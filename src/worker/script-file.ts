import { rmSync, writeFileSync } from "node:fs";
import { createDataDirectory, dataFile } from "../store/data-files.ts";
import type { Claim } from "../store/store.ts";
import { SCRIPT_SUFFIX } from "./platform.ts";

/** What the shell gets as one argument. Linux takes 128 KiB for one (execve(2)), and shows it to everybody in `ps`. */
const INLINE_BYTES = 100_000;

type StoreName = { name: string; id: string };

/** Writes a shell command that is too long for an argument to a file, for its owner alone; null when it is not too long. */
export function writeScript({ job, token }: Claim, store: StoreName): string | null {
  if (job.argv !== null || Buffer.byteLength(job.command) <= INLINE_BYTES) return null;
  createDataDirectory(store.name, folderOf(store));
  const path = scriptFile(store, token);
  // Tokens come again after a backup was restored: what is there is an execution's of which nobody knows any more.
  rmSync(path, { force: true });
  // Exclusive, and not through a link: the name is ours alone.
  writeFileSync(path, job.command, { flag: "wx", mode: 0o600 });
  return path;
}

/** To be called when nobody runs it any more. One that cannot be removed is litter, no fault of the job's. */
export function removeScript(store: StoreName, token: number): void {
  try {
    rmSync(scriptFile(store, token), { force: true });
  } catch {
    // A disk that became read-only, say.
  }
}

/** By the claim's token, as with the output: never by a job's id. */
function scriptFile(store: StoreName, token: number): string {
  return `${dataFile(store.name, folderOf(store))}/${token}${SCRIPT_SUFFIX}`;
}

function folderOf({ id }: StoreName): string {
  return `scripts/${id}`;
}

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What another program is to do with a store: open it, enqueue jobs of these ids, list all, close it. */
export interface StoreTask {
  path: string;
  access?: "read" | "write";
  enqueue?: string[];
  /** As which user; for root only. */
  uid?: number;
}

export type StoreReport = { id: string; jobs: string[] } | { refused: string };

/** Performs a task in a process of its own. */
export async function inAnotherProgram(task: StoreTask): Promise<StoreReport> {
  const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--import",
    at("./sql-hook.ts"),
    at("./store-program.ts"),
    JSON.stringify(task),
  ]);
  return JSON.parse(stdout) as StoreReport;
}

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
  const hook = fileURLToPath(new URL("./sql-hook.ts", import.meta.url));
  const program = fileURLToPath(new URL("./store-program.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--import",
    hook,
    program,
    JSON.stringify(task),
  ]);
  return JSON.parse(stdout) as StoreReport;
}

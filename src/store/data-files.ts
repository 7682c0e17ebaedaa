import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

/** Output files, worker logs and the doorbell stand in `<db>.d/` beside the database. */
function dataDirectory(databasePath: string): string {
  return `${databasePath}.d`;
}

/** The path of a file in the data directory. */
export function dataFile(databasePath: string, name: string): string {
  return join(dataDirectory(databasePath), name);
}

/** True where a store has stood: it leaves this directory beside its file. */
export function hasDataDirectory(databasePath: string): boolean {
  return existsSync(dataDirectory(databasePath));
}

/** Makes the data directory at first use, for its owner alone. */
export function createDataDirectory(databasePath: string, folder = ""): string {
  const directory = join(dataDirectory(databasePath), folder);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** Where the output of an execution stands when it was too much for its row. Named by our own token, never by a job's id. */
export function outputFile(databasePath: string, token: number, stream: "stdout" | "stderr"): string {
  return dataFile(databasePath, join("output", `${token}.${stream}`));
}

/** The log that all background workers of a store share. */
export function workerLogFile(databasePath: string): string {
  return dataFile(databasePath, "workers.log");
}

import { existsSync, lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { requireOwnDirectory } from "../domain/own-directory.ts";

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

/**
 * Makes the data directory at first use, for its owner alone.
 * @throws store_unreachable when it is a link, or others own it or can write it: the database may stand among strangers' files
 */
export function createDataDirectory(databasePath: string, folder = ""): string {
  const top = dataDirectory(databasePath);
  if (lstatSync(top, { throwIfNoEntry: false }) === undefined)
    mkdirSync(top, { recursive: true, mode: 0o700 });
  // Once more, whoever made it.
  requireOwnDirectory(top, lstatSync(top), process.getuid?.());
  const directory = join(top, folder);
  if (folder !== "") mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** An execution's stream, by names that are ours: never a job's id. */
export interface OutputName {
  store: { name: string; id: string };
  token: number;
  stream: "stdout" | "stderr";
}

/**
 * Where the output of an execution stands when it was too much for its row. The store's id is in the path because
 * tokens count anew when a database is removed and its directory is not.
 */
export function outputFile({ store, token, stream }: OutputName): string {
  return dataFile(store.name, join(outputFolder(store), `${token}.${stream}`));
}

/** The folder of a store's output files, within its data directory. */
export function outputFolder(store: { id: string }): string {
  return join("output", store.id);
}

/** The log that all background workers of a store share. */
export function workerLogFile(databasePath: string): string {
  return dataFile(databasePath, "workers.log");
}

/** That log, and the names under which it is put aside when it is full, newest first. */
export function workerLogFiles(databasePath: string): string[] {
  const path = workerLogFile(databasePath);
  return [path, ...[1, 2, 3].map((age) => `${path}.${age}`)];
}

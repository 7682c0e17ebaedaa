import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "../../src/store/open-store.ts";
import { buildJob } from "./build-job.ts";
import { makeDirectory } from "./conformance.ts";

/** The path of a store that nobody has open, with jobs of these ids in it. */
export async function makeStoreFile(...ids: string[]): Promise<string> {
  const path = join(await makeDirectory(), "queue.db");
  const store = await openStore(path);
  if (ids.length > 0) await store.enqueue(ids.map((id) => buildJob({ id })));
  await store.close();
  return path;
}

/** Works on the file by hand, as a person with the sqlite3 shell does. */
export function byHand<T>(path: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** Everything in the directory of a file, by name and content. */
export function fingerprint(path: string): Record<string, string> {
  const directory = dirname(path);
  const files = readdirSync(directory, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  const hash = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [join(parentPath, name), hash(join(parentPath, name))]),
  );
}

/** Another connection in the midst of a transaction, as a person at a prompt may leave it. */
export function holdLock(path: string): { release: () => void } {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  database.exec("BEGIN IMMEDIATE; INSERT INTO config (key, value) VALUES ('held', '1');");
  return {
    release: () => {
      database.exec("ROLLBACK");
      database.close();
    },
  };
}

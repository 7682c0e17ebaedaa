import { QueuectlError } from "../../domain/errors.ts";
import type { Database } from "./database.ts";
import jobsWorkersConfig from "./migrations/0001_jobs_workers_config.sql";
import cancelLateResultsSuspects from "./migrations/0002_cancel_late_results_suspects.sql";
import retention from "./migrations/0003_retention.sql";
import executionUsage from "./migrations/0004_execution_usage.sql";
import pools from "./migrations/0005_pools.sql";

/** "QCTL": what `file` and we recognise our databases by. */
export const APPLICATION_ID = 0x5143544c;

/** In order; never edited after a release. The database's `user_version` is how many of them it has seen. */
const MIGRATIONS: readonly string[] = [
  jobsWorkersConfig,
  cancelLateResultsSuspects,
  retention,
  executionUsage,
  pools,
];

/**
 * Brings the schema up to date, in one transaction under the write lock, so that of two programs one migrates and the
 * other finds it done. A schema from the future is refused: this program cannot know what it means.
 * @throws store_newer
 */
export async function migrate(database: Database, options: { readOnly: boolean }): Promise<void> {
  const version = await database.read(() => schemaVersion(database));
  refuseNewer(database, version);
  if (version < MIGRATIONS.length) {
    if (options.readOnly) throw cannotUpgrade(database.path);
    await upgrade(database);
  }
  if (!options.readOnly) await useWriteAheadLog(database);
}

async function upgrade(database: Database): Promise<void> {
  await database.write(() => {
    // Read again under the lock: another program may have been faster.
    const current = schemaVersion(database);
    refuseNewer(database, current);
    for (const migration of MIGRATIONS.slice(current)) database.exec(migration);
    if (current === 0) database.exec("INSERT INTO store (id) VALUES (lower(hex(randomblob(8))))");
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length};`);
  });
}

/**
 * Only after the first migration: in WAL mode the header with our application_id would reach the file itself no sooner
 * than a checkpoint, and a second program that looks at the file's first bytes would take it for a stranger's. And at
 * each opening, not at the migration's: whoever migrated may have died before it came here.
 */
async function useWriteAheadLog(database: Database): Promise<void> {
  await database.read(() => database.exec("PRAGMA journal_mode = WAL"));
}

function cannotUpgrade(path: string): QueuectlError {
  return new QueuectlError(
    "store_read_only",
    `The database ${path} must be upgraded, but cannot be written`,
    {
      hint: "Run any queuectl command once as a user who may write it.",
    },
  );
}

function schemaVersion(database: Database): number {
  // Not kept as a prepared statement: it runs once.
  const row = database.prepare("PRAGMA user_version").get() as { user_version: number };
  return row.user_version;
}

function refuseNewer(database: Database, version: number): void {
  if (version <= MIGRATIONS.length) return;
  throw new QueuectlError(
    "store_newer",
    `The database ${database.path} was written by a newer queuectl (schema ${version}; this program knows ${MIGRATIONS.length})`,
    { hint: "Upgrade this queuectl, or name another store with --db." },
  );
}

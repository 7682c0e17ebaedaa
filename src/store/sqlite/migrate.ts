import { QueuectlError } from "../../domain/errors.ts";
import { leaseState } from "../../domain/lease.ts";
import { otherStore } from "../../domain/refusal.ts";
import { systemClock } from "./clock.ts";
import type { Database } from "./database.ts";

/** "QCTL": what `file` and we recognise our databases by. */
export const APPLICATION_ID = 0x5143544c;

/** How many migrations there are: what `user_version` is of a database that has seen them all. */
export const SCHEMA_VERSION = 7;

/**
 * Brings the schema up to date, in one transaction under the write lock, so that of two programs one migrates and the
 * other finds it done. A schema from the future is refused: this program cannot know what it means.
 * @throws store_newer, store_in_use
 */
export async function migrate(database: Database, options: { readOnly: boolean }): Promise<void> {
  const version = await database.read(() => schemaVersion(database));
  refuseNewer(database, version);
  if (version < SCHEMA_VERSION) {
    if (options.readOnly) throw cannotUpgrade(database.path);
    await upgrade(database);
  }
  if (!options.readOnly) await useWriteAheadLog(database);
}

async function upgrade(database: Database): Promise<void> {
  // Twenty kilobytes of text, which those who find the schema up to date need not read.
  const { MIGRATIONS } = await import("./migrations.ts");
  await database.write(() => {
    // Read again under the lock: another program may have been faster.
    const current = schemaVersion(database);
    refuseNewer(database, current);
    if (current > 0 && current < SCHEMA_VERSION) refuseUnderWorkers(database);
    database.migrating(() => {
      for (const migration of MIGRATIONS.slice(current)) database.exec(migration);
    });
    if (current === 0) database.exec("INSERT INTO store (id) VALUES (lower(hex(randomblob(8))))");
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION};`);
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
  const row = database.prepare("PRAGMA user_version").get() as { user_version: number };
  return row.user_version;
}

/**
 * A worker goes by the schema that it knows, to its end: nobody upgrades under one whose lease holds. One that comes back
 * after its lease is over finds the newer schema at its next heartbeat.
 */
function refuseUnderWorkers(database: Database): void {
  const clock = systemClock();
  const now = { bootId: clock.bootId, monotonicMs: clock.monotonicMs() };
  const workers = database
    .prepare(
      "SELECT id, pid, boot_id, lease_deadline FROM workers WHERE state <> 'dead' ORDER BY started_at, id",
    )
    .all() as { id: string; pid: number; boot_id: string; lease_deadline: number }[];
  const atWork = workers.filter(
    ({ boot_id: bootId, lease_deadline: deadlineMs }) => leaseState({ bootId, deadlineMs }, now) === "held",
  );
  if (atWork.length === 0) return;
  throw new QueuectlError(
    "store_in_use",
    `The database ${database.path} must be upgraded, but workers of an older queuectl are at work on it: ${atWork
      .map(({ id, pid }) => `${id} (PID ${pid})`)
      .join(", ")}`,
    {
      hint: `Stop them, and try again: kill ${atWork.map(({ pid }) => pid).join(" ")}. One that has crashed is in the way until its lease is over (the setting lease-timeout).`,
    },
  );
}

/**
 * Whether another program has upgraded the schema since this one opened it.
 * @throws store_newer
 */
export function verifySchema(database: Database): void {
  refuseNewer(database, schemaVersion(database));
}

function refuseNewer(database: Database, version: number): void {
  if (version <= SCHEMA_VERSION) return;
  throw new QueuectlError(
    "store_newer",
    `The database ${database.path} was written by a newer queuectl (schema ${version}; this program knows ${SCHEMA_VERSION})`,
    otherStore("Upgrade this queuectl, or name another store"),
  );
}

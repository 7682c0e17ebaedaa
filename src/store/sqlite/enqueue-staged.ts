import type { QueuectlError } from "../../domain/errors.ts";
import type { NewGroup } from "../../domain/group.ts";
import type { NewJob } from "../../domain/job.ts";
import { refuseEnqueue } from "../../domain/refuse-enqueue.ts";
import type { EnqueueReceipt } from "../store.ts";
import { addGroup } from "./add-group.ts";
import { complete, Extras } from "./complete-jobs.ts";
import { type Database, isUniqueViolation } from "./database.ts";
import { COLUMNS, findUnfinished, PLACEHOLDERS, standIn, toValues } from "./insert-jobs.ts";

/** Rows that one turn of the event loop moves to the staging table. */
const STAGE_BATCH = 500;

/** Tells the streams apart that are being read at the same time. */
let lastStream = 0;

/**
 * A file or a pipe may be slow and larger than memory. Its jobs are first written to a temporary table, which no other
 * connection sees or waits for, and then moved over in one transaction.
 */
export async function enqueueStaged(
  db: Database,
  jobs: Iterable<NewJob> | AsyncIterable<NewJob>,
  group: NewGroup | undefined,
): Promise<EnqueueReceipt> {
  lastStream += 1;
  const stream = lastStream;
  await db.writeTemporary(() =>
    db.exec(
      `CREATE TEMP TABLE IF NOT EXISTS staged (stream, position, unique_return, ${COLUMNS.replace(/\s+/g, " ")},
         PRIMARY KEY (stream, position)) WITHOUT ROWID`,
    ),
  );
  try {
    const extras = new Extras();
    const mayReturn = await stage(db, stream, jobs, extras);
    return await db.write(() => {
      if (group) addGroup(db, group);
      const receipt = mayReturn ? moveOneByOne(db, stream) : moveStaged(db, stream);
      complete(db, receipt, extras);
      return receipt;
    });
  } finally {
    await db.writeTemporary(() => db.prepare("DELETE FROM temp.staged WHERE stream = ?").run(stream));
  }
}

/** @returns true when one of the jobs may be stood for by another */
async function stage(
  db: Database,
  stream: number,
  jobs: Iterable<NewJob> | AsyncIterable<NewJob>,
  extras: Extras,
): Promise<boolean> {
  let position = 0;
  let mayReturn = false;
  let batch: NewJob[] = [];
  const flush = async () => {
    const first = position - batch.length + 1;
    await db.writeTemporary(() => {
      const insert = db.prepare(
        `INSERT INTO temp.staged (stream, position, unique_return, ${COLUMNS}) VALUES (?, ?, ?, ${PLACEHOLDERS})`,
      );
      for (const [index, job] of batch.entries())
        insert.run(stream, first + index, job.uniqueReturn ? 1 : 0, ...toValues(job));
    });
    batch = [];
  };
  for await (const job of jobs) {
    position += 1;
    extras.note(job, position);
    if (job.uniqueReturn) mayReturn = true;
    if (batch.push(job) === STAGE_BATCH) await flush();
  }
  await flush();
  return mayReturn;
}

function moveStaged(db: Database, stream: number): EnqueueReceipt {
  try {
    const { changes, lastInsertRowid } = db
      .prepare(
        `INSERT INTO jobs (${COLUMNS}) SELECT ${COLUMNS} FROM temp.staged WHERE stream = ? ORDER BY position`,
      )
      .run(stream);
    const count = Number(changes);
    const lastSeq = Number(lastInsertRowid);
    return { count, firstSeq: lastSeq - count + 1, lastSeq, existing: [] };
  } catch (error) {
    throw isUniqueViolation(error) ? firstRefusal(db, stream) : error;
  }
}

/** As `moveStaged`, several times as slow: each job may be refused by itself. */
function moveOneByOne(db: Database, stream: number): EnqueueReceipt {
  const staged = db.prepare(
    "SELECT position, id, unique_name, unique_return FROM temp.staged WHERE stream = ? AND position > ? ORDER BY position LIMIT 500",
  );
  const insert = db.prepare(
    `INSERT INTO jobs (${COLUMNS}) SELECT ${COLUMNS} FROM temp.staged WHERE stream = ? AND position = ?`,
  );
  const existing: EnqueueReceipt["existing"] = [];
  let position = 0;
  let lastSeq = 0;
  for (let page = staged.all(stream, 0); page.length > 0; page = staged.all(stream, position)) {
    for (const row of page) {
      position = row["position"] as number;
      try {
        lastSeq = Number(insert.run(stream, position).lastInsertRowid);
      } catch (error) {
        const job = {
          id: row["id"] as string,
          unique: row["unique_name"] as string | null,
          uniqueReturn: row["unique_return"] === 1,
          position,
          isOfList: (id: string) => isStagedBefore(db, { stream, id, position }),
        };
        existing.push({ position, id: standIn(db, error, job) });
      }
    }
  }
  const count = position - existing.length;
  return { count, firstSeq: lastSeq - count + 1, lastSeq, existing };
}

function isStagedBefore(
  db: Database,
  { stream, id, position }: { stream: number; id: string; position: number },
): boolean {
  return (
    db
      .prepare("SELECT 1 FROM temp.staged WHERE stream = ? AND id = ? AND position < ?")
      .get(stream, id, position) !== undefined
  );
}

/**
 * Which of the staged jobs cannot be added, and why. One sort, under the write lock: comparing each job with all before it
 * would hold everyone up for minutes.
 */
function firstRefusal(db: Database, stream: number): QueuectlError {
  const row = db
    .prepare(`
      SELECT id, position, unique_name, is_second, id_exists
      FROM (SELECT id, position, unique_name, nth_id, EXISTS (SELECT 1 FROM jobs WHERE jobs.id = s.id) AS id_exists,
                   unique_name IS NOT NULL AND (nth_unique > 1 OR EXISTS (
                     SELECT 1 FROM jobs INDEXED BY jobs_unique
                     WHERE jobs.unique_name = s.unique_name AND jobs.unique_name IS NOT NULL
                       AND jobs.state IN ('pending', 'blocked', 'processing', 'failed'))) AS is_second
            FROM (SELECT id, position, unique_name, row_number() OVER (PARTITION BY id ORDER BY position) AS nth_id,
                         row_number() OVER (PARTITION BY unique_name ORDER BY position) AS nth_unique
                  FROM temp.staged WHERE stream = ?) AS s)
      WHERE nth_id > 1 OR id_exists OR is_second
      ORDER BY position LIMIT 1`)
    .get(stream) as {
    id: string;
    position: number;
    unique_name: string | null;
    is_second: number;
    id_exists: number;
  };
  const { id, position, unique_name: unique } = row;
  if (row.is_second === 0 || unique === null)
    return refuseEnqueue({ kind: "duplicate_id", of: "job", id, isOfList: row.id_exists === 0 }, position);
  const inStore = findUnfinished(db, unique);
  const other = inStore ?? firstOfUnique(db, stream, unique);
  return refuseEnqueue(
    { kind: "not_unique", verb: "enqueue", id, unique, other, isOfList: inStore === undefined },
    position,
  );
}

function firstOfUnique(db: Database, stream: number, unique: string): string {
  const row = db
    .prepare("SELECT id FROM temp.staged WHERE stream = ? AND unique_name = ? ORDER BY position LIMIT 1")
    .get(stream, unique);
  return row?.["id"] as string;
}

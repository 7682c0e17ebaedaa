import type { SQLInputValue } from "node:sqlite";
import { QueuectlError } from "../../domain/errors.ts";
import { firstDueAt, type NewJob } from "../../domain/job.ts";
import type { EnqueueReceipt } from "../store.ts";
import { type Database, isUniqueViolation } from "./database.ts";

const INSERT_JOB = `
  INSERT INTO jobs (id, command, argv, queue, priority, tags, cwd, env, stdin, max_retries, backoff_base, timeout_ms,
                    run_at, due_at, created_at, updated_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Adds jobs, all or none. A list goes straight in; what still has to be read is staged first (see `stage`). */
export async function enqueue(
  db: Database,
  jobs: Iterable<NewJob> | AsyncIterable<NewJob>,
): Promise<EnqueueReceipt> {
  return Symbol.asyncIterator in jobs
    ? await enqueueStaged(db, jobs)
    : await db.write(() => insertAll(db, jobs));
}

function insertAll(db: Database, jobs: Iterable<NewJob>): EnqueueReceipt {
  const insert = db.prepare(INSERT_JOB);
  const seen = new Set<string>();
  let count = 0;
  let lastSeq = 0;
  for (const job of jobs) {
    count += 1;
    try {
      lastSeq = Number(insert.run(...toValues(job)).lastInsertRowid);
    } catch (error) {
      throw isUniqueViolation(error)
        ? duplicateId({ id: job.id, position: count, isOfList: seen.has(job.id) })
        : error;
    }
    seen.add(job.id);
  }
  return { count, firstSeq: lastSeq - count + 1, lastSeq, existing: [] };
}

/** Rows that one turn of the event loop moves to the staging table. */
const STAGE_BATCH = 500;

/** Tells the streams apart that are being read at the same time. */
let lastStream = 0;

/**
 * A file or a pipe may be slow and larger than memory. Its jobs are first written to a temporary table, which no other
 * connection sees or waits for, and then moved over in one statement of one transaction.
 */
async function enqueueStaged(db: Database, jobs: AsyncIterable<NewJob>): Promise<EnqueueReceipt> {
  lastStream += 1;
  const stream = lastStream;
  await db.writeTemporary(() =>
    db.exec(`
      CREATE TEMP TABLE IF NOT EXISTS staged (
        stream, position, id, command, argv, queue, priority, tags, cwd, env, stdin, max_retries, backoff_base,
        timeout_ms, run_at, due_at, created_at, updated_at, PRIMARY KEY (stream, position)) WITHOUT ROWID`),
  );
  try {
    await stage(db, stream, jobs);
    return await db.write(() => moveStaged(db, stream));
  } finally {
    await db.writeTemporary(() => db.prepare("DELETE FROM temp.staged WHERE stream = ?").run(stream));
  }
}

async function stage(db: Database, stream: number, jobs: AsyncIterable<NewJob>): Promise<void> {
  let position = 0;
  let batch: NewJob[] = [];
  const flush = async () => {
    const first = position - batch.length + 1;
    await db.writeTemporary(() => {
      const insert = db.prepare(`
        INSERT INTO temp.staged (stream, position, id, command, argv, queue, priority, tags, cwd, env, stdin, max_retries,
                                 backoff_base, timeout_ms, run_at, due_at, created_at, updated_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
      for (const [index, job] of batch.entries()) insert.run(stream, first + index, ...toValues(job));
    });
    batch = [];
  };
  for await (const job of jobs) {
    position += 1;
    if (batch.push(job) === STAGE_BATCH) await flush();
  }
  await flush();
}

function moveStaged(db: Database, stream: number): EnqueueReceipt {
  try {
    const { changes, lastInsertRowid } = db
      .prepare(`
        INSERT INTO jobs (id, command, argv, queue, priority, tags, cwd, env, stdin, max_retries, backoff_base, timeout_ms,
                          run_at, due_at, created_at, updated_at)
        SELECT id, command, argv, queue, priority, tags, cwd, env, stdin, max_retries, backoff_base, timeout_ms,
               run_at, due_at, created_at, updated_at
        FROM temp.staged WHERE stream = ? ORDER BY position`)
      .run(stream);
    const count = Number(changes);
    const lastSeq = Number(lastInsertRowid);
    return { count, firstSeq: lastSeq - count + 1, lastSeq, existing: [] };
  } catch (error) {
    throw isUniqueViolation(error) ? firstDuplicate(db, stream) : error;
  }
}

/** One sort, under the write lock: comparing each job with all before it would hold everyone up for minutes. */
function firstDuplicate(db: Database, stream: number): QueuectlError {
  const row = db
    .prepare(`
      SELECT id, position, NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = s.id) AS is_of_list
      FROM (SELECT id, position, row_number() OVER (PARTITION BY id ORDER BY position) AS nth
            FROM temp.staged WHERE stream = ?) AS s
      WHERE nth > 1 OR EXISTS (SELECT 1 FROM jobs WHERE jobs.id = s.id)
      ORDER BY position LIMIT 1`)
    .get(stream) as { id: string; position: number; is_of_list: number };
  return duplicateId({ id: row.id, position: row.position, isOfList: row.is_of_list === 1 });
}

/** @param isOfList true when the other job of this id came earlier in the same list, and so exists nowhere */
function duplicateId({
  id,
  position,
  isOfList,
}: {
  id: string;
  position: number;
  isOfList: boolean;
}): QueuectlError {
  const why = isOfList ? "this id stands twice in the list" : "this id exists already";
  const where = isOfList ? "Nothing was enqueued." : `The existing job: queuectl info ${id}`;
  return new QueuectlError("duplicate_id", `Cannot enqueue the job "${id}": ${why}`, {
    hint: `Choose another id, or leave it out to get a new one. ${where}`,
    position,
  });
}

function toValues(job: NewJob): SQLInputValue[] {
  return [
    job.id,
    job.command,
    job.argv === null ? null : JSON.stringify(job.argv),
    job.queue,
    job.priority,
    JSON.stringify(job.tags),
    job.cwd,
    JSON.stringify(job.env),
    job.stdin,
    job.maxRetries,
    job.backoffBase,
    job.timeoutMs,
    job.runAt,
    firstDueAt(job),
    job.createdAt,
    job.createdAt,
  ];
}

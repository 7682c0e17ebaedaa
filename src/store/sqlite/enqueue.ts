import type { SQLInputValue } from "node:sqlite";
import { QueuectlError } from "../../domain/errors.ts";
import type { NewGroup } from "../../domain/group.ts";
import { firstDueAt, type NewJob } from "../../domain/job.ts";
import { refuseSecond } from "../../domain/refuse-change.ts";
import type { EnqueueReceipt } from "../store.ts";
import { type Database, isUniqueViolation } from "./database.ts";
import { addDependencies } from "./dependencies.ts";
import { setKeyLimit } from "./gates.ts";
import { addGroup } from "./groups.ts";
import type { Row } from "./rows.ts";
import { settle } from "./settle.ts";

/** What is written of a new job, in the order of `toValues`. */
const COLUMNS = `id, command, argv, state, queue, priority, tags, cwd, env, stdin, max_retries, backoff_base, timeout_ms,
  run_at, due_at, expires_at, unique_name, limit_key, depends_on, group_kind, group_id, member, created_at, updated_at`;
const PLACEHOLDERS = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";

/**
 * Adds jobs, all or none. A short list goes straight in; what still has to be read is staged first (see `stage`), and so is
 * a long list: in one transaction a statement for each job journals every page that it touches, in a file as soon as one
 * statement has touched many. Of 100,000 jobs that is most of the time.
 */
export async function enqueue(
  db: Database,
  jobs: Iterable<NewJob> | AsyncIterable<NewJob>,
  group?: NewGroup,
): Promise<EnqueueReceipt> {
  if (Symbol.asyncIterator in jobs) return await enqueueStaged(db, jobs, group);
  const list = Array.isArray(jobs) ? (jobs as NewJob[]) : [...jobs];
  return list.length > STAGE_BATCH
    ? await enqueueStaged(db, list, group)
    : await db.write(() => insertAll(db, list, group));
}

/** In the transaction of the caller. */
export function insertAll(db: Database, jobs: Iterable<NewJob>, group?: NewGroup): EnqueueReceipt {
  const insert = db.prepare(`INSERT INTO jobs (${COLUMNS}) VALUES (${PLACEHOLDERS})`);
  const existing: EnqueueReceipt["existing"] = [];
  const seen = new Set<string>();
  const extras = new Extras();
  let position = 0;
  let lastSeq = 0;
  if (group) addGroup(db, group);
  for (const job of jobs) {
    position += 1;
    try {
      lastSeq = Number(insert.run(...toValues(job)).lastInsertRowid);
      seen.add(job.id);
      extras.note(job, position);
    } catch (error) {
      existing.push({
        position,
        id: standIn(db, error, { ...job, position, isOfList: () => seen.has(job.id) }),
      });
    }
  }
  const count = position - existing.length;
  const receipt = { count, firstSeq: lastSeq - count + 1, lastSeq, existing };
  complete(db, receipt, extras);
  return receipt;
}

/**
 * The job that is there already and is taken for one that could not be added. Of two collisions that of the unique name
 * counts: who enqueues the same job twice, id and all, may well want the first one.
 * @throws the refusal, where there is none or it is not wanted
 */
function standIn(db: Database, error: unknown, job: Unadded): string {
  if (!isUniqueViolation(error)) throw error;
  const { id, unique, uniqueReturn, position } = job;
  const other = unique === null ? undefined : findUnfinished(db, unique);
  if (unique === null || other === undefined) throw duplicateId({ id, position, isOfList: job.isOfList() });
  if (!uniqueReturn) throw refuseSecond("enqueue", { id, unique, other }, position);
  return other;
}

interface Unadded extends Pick<NewJob, "id" | "unique" | "uniqueReturn"> {
  position: number;
  /** Whether the other job of its id came earlier in the same list. */
  isOfList(): boolean;
}

function findUnfinished(db: Database, unique: string): string | undefined {
  const row = db
    .prepare(`
      SELECT id FROM jobs INDEXED BY jobs_unique
      WHERE unique_name = ? AND unique_name IS NOT NULL AND state IN ('pending', 'blocked', 'processing', 'failed')`)
    .get(unique);
  return row?.["id"] as string | undefined;
}

/** What new jobs need besides their rows. Collected on the way: to look for it afterwards would be to read them all. */
class Extras {
  /** The limits that were given for each key and may count: the last, and before it those whose jobs may be stood for. */
  readonly #limits = new Map<string, { position: number; limit: number | null }[]>();
  hasDependencies = false;
  createdAt = 0;

  note({ key, keyLimit, uniqueReturn, dependsOn, createdAt }: NewJob, position: number): void {
    if (key !== null) {
      const given = this.#limits.get(key) ?? [{ position: 0, limit: null }];
      if (keyLimit !== null && !uniqueReturn) given.length = 0;
      if (keyLimit !== null) given.push({ position, limit: keyLimit });
      this.#limits.set(key, given);
    }
    if (dependsOn.length > 0) this.hasDependencies = true;
    this.createdAt = createdAt;
  }

  /** Each key, and its limit from now on; null leaves it as it is. */
  *keys(existing: EnqueueReceipt["existing"]): Generator<[string, number | null], void, undefined> {
    const stoodFor = new Set(existing.map(({ position }) => position));
    for (const [key, given] of this.#limits)
      yield [key, given.findLast(({ position }) => !stoodFor.has(position))?.limit ?? null];
  }
}

/** Makes the new jobs' keys, refuses what their queues or ids do not allow, and ties them to those they wait for. */
function complete(db: Database, receipt: EnqueueReceipt, extras: Extras): void {
  if (receipt.count === 0) return;
  const position = (seq: number) => positionOf(seq - receipt.firstSeq + 1, receipt.existing);
  refuseDraining(db, receipt, position);
  refuseGroupIds(db, receipt, position);
  for (const [key, limit] of extras.keys(receipt.existing)) setKeyLimit(db, key, limit);
  if (!extras.hasDependencies) return;
  addDependencies(db, { ...receipt, createdAt: extras.createdAt }, position);
  settle(db, extras.createdAt);
}

/** The place in the list of the nth job that was added. */
function positionOf(nth: number, existing: EnqueueReceipt["existing"]): number {
  let position = nth;
  for (const skipped of existing) if (skipped.position <= position) position += 1;
  return position;
}

function refuseDraining(
  db: Database,
  { firstSeq, lastSeq }: EnqueueReceipt,
  position: (seq: number) => number,
): void {
  const draining = db.prepare("SELECT name FROM gates WHERE scope = 'queue' AND state = 'draining'").all();
  const first = db.prepare(
    "SELECT seq, id, queue FROM jobs WHERE seq BETWEEN ? AND ? AND queue = ? ORDER BY seq LIMIT 1",
  );
  const refused = draining.flatMap(({ name = null }) => first.all(firstSeq, lastSeq, name));
  const [row] = refused.sort((a, b) => (a["seq"] as number) - (b["seq"] as number));
  if (row)
    throw new QueuectlError(
      "queue_draining",
      `Cannot enqueue the job "${row["id"]}": the queue "${row["queue"]}" is draining and takes no new jobs`,
      {
        hint: `Open it again: queuectl queue resume ${row["queue"]}`,
        position: position(row["seq"] as number),
      },
    );
}

/** One id means one thing: a group's is no job's. Asked from the side on which there is less, as far as is known. */
function refuseGroupIds(
  db: Database,
  { firstSeq, lastSeq, count }: EnqueueReceipt,
  position: (seq: number) => number,
): void {
  const pairs = count <= 10_000 ? "jobs CROSS JOIN job_groups" : "job_groups CROSS JOIN jobs";
  const row = db
    .prepare(
      `SELECT jobs.seq, jobs.id FROM ${pairs} ON jobs.id = job_groups.id WHERE jobs.seq BETWEEN ? AND ? LIMIT 1`,
    )
    .get(firstSeq, lastSeq);
  if (row)
    throw duplicateId({
      id: row["id"] as string,
      position: position(row["seq"] as number),
      isOfList: false,
    });
}

/** Rows that one turn of the event loop moves to the staging table. */
const STAGE_BATCH = 500;

/** Tells the streams apart that are being read at the same time. */
let lastStream = 0;

/**
 * A file or a pipe may be slow and larger than memory. Its jobs are first written to a temporary table, which no other
 * connection sees or waits for, and then moved over in one transaction.
 */
async function enqueueStaged(
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
          isOfList: () => isStagedBefore(db, stream, row),
        };
        existing.push({ position, id: standIn(db, error, job) });
      }
    }
  }
  const count = position - existing.length;
  return { count, firstSeq: lastSeq - count + 1, lastSeq, existing };
}

function isStagedBefore(db: Database, stream: number, { id = null, position = null }: Row): boolean {
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
    return duplicateId({ id, position, isOfList: row.id_exists === 0 });
  return refuseSecond("enqueue", { id, unique, other: firstOfUnique(db, stream, unique) }, position);
}

/** The unfinished job of a unique name: in the store, else the first of the list. */
function firstOfUnique(db: Database, stream: number, unique: string): string {
  const other = findUnfinished(db, unique);
  if (other !== undefined) return other;
  const row = db
    .prepare("SELECT id FROM temp.staged WHERE stream = ? AND unique_name = ? ORDER BY position LIMIT 1")
    .get(stream, unique);
  return row?.["id"] as string;
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
    job.dependsOn.length === 0 ? "pending" : "blocked",
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
    job.expiresAt,
    job.unique,
    job.key,
    job.dependsOn.length === 0 ? "[]" : JSON.stringify(job.dependsOn),
    job.group?.kind ?? null,
    job.group?.id ?? null,
    job.group?.member ?? null,
    job.createdAt,
    job.createdAt,
  ];
}

import type { SQLInputValue } from "node:sqlite";
import type { GroupKind } from "../../domain/group.ts";
import { firstDueAt, type NewJob } from "../../domain/job.ts";
import { refuseEnqueue } from "../../domain/refuse-enqueue.ts";
import type { EnqueueReceipt } from "../store.ts";
import { type Database, isUniqueViolation } from "./database.ts";

/** What is written of a new job, in the order of `toValues`. */
export const COLUMNS = `id, command, argv, state, queue, priority, tags, cwd, env, stdin, max_retries, backoff_base, timeout_ms,
  run_at, due_at, expires_at, unique_name, limit_key, depends_on, group_kind, group_id, member, created_at, updated_at`;
export const PLACEHOLDERS = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";

/**
 * Inserts the rows of jobs, in the transaction of the caller, who then makes them complete.
 * @throws duplicate_id, not_unique
 */
export function insertRows(db: Database, jobs: Iterable<NewJob>): EnqueueReceipt {
  const insert = db.prepare(`INSERT INTO jobs (${COLUMNS}) VALUES (${PLACEHOLDERS})`);
  const existing: EnqueueReceipt["existing"] = [];
  const seen = new Set<string>();
  let position = 0;
  let lastSeq = 0;
  for (const job of jobs) {
    position += 1;
    try {
      lastSeq = Number(insert.run(...toValues(job)).lastInsertRowid);
      seen.add(job.id);
    } catch (error) {
      const isOfList = (id: string) => seen.has(id);
      existing.push({ position, id: standIn(db, error, { ...job, position, isOfList }) });
    }
  }
  const count = position - existing.length;
  return { count, firstSeq: lastSeq - count + 1, lastSeq, existing };
}

/**
 * Refuses jobs that were just inserted and that their queues or ids do not allow: the transaction is rolled back.
 * @throws queue_draining, duplicate_id
 */
export function refuseInserted(db: Database, receipt: EnqueueReceipt): void {
  if (receipt.count === 0) return;
  const position = (seq: number) => positionOf(seq, receipt);
  refuseDraining(db, receipt, position);
  refuseGroupIds(db, receipt, position);
}

/**
 * The job that is there already and is taken for one that could not be added. Of two collisions that of the unique name
 * counts: who enqueues the same job twice, id and all, may well want the first one.
 * @throws the refusal, where there is none or it is not wanted
 */
export function standIn(db: Database, error: unknown, job: Unadded): string {
  if (!isUniqueViolation(error)) throw error;
  const { id, unique, uniqueReturn, position, isOfList } = job;
  const other = unique === null ? undefined : findUnfinished(db, unique);
  if (unique === null || other === undefined)
    throw refuseEnqueue({ kind: "duplicate_id", of: "job", id, isOfList: isOfList(id) }, position);
  if (!uniqueReturn)
    throw refuseEnqueue(
      { kind: "not_unique", verb: "enqueue", id, unique, other, isOfList: isOfList(other) },
      position,
    );
  return other;
}

interface Unadded extends Pick<NewJob, "id" | "unique" | "uniqueReturn"> {
  position: number;
  /** Whether a job of this id came earlier in the same list. */
  isOfList(id: string): boolean;
}

export function findUnfinished(db: Database, unique: string): string | undefined {
  const row = db
    .prepare(`
      SELECT id FROM jobs INDEXED BY jobs_unique
      WHERE unique_name = ? AND unique_name IS NOT NULL AND state IN ('pending', 'blocked', 'processing', 'failed')`)
    .get(unique);
  return row?.["id"] as string | undefined;
}

/** The place in the list of a job that was added. */
export function positionOf(seq: number, { firstSeq, existing }: EnqueueReceipt): number {
  let position = seq - firstSeq + 1;
  for (const skipped of existing) if (skipped.position <= position) position += 1;
  return position;
}

function refuseDraining(
  db: Database,
  { firstSeq, lastSeq }: EnqueueReceipt,
  position: (seq: number) => number,
): void {
  const row = db
    .prepare(`
      SELECT seq, id, queue FROM jobs
      WHERE seq BETWEEN ? AND ? AND queue IN (SELECT name FROM gates WHERE scope = 'queue' AND state = 'draining')
      ORDER BY seq LIMIT 1`)
    .get(firstSeq, lastSeq);
  if (row)
    throw refuseEnqueue(
      { kind: "queue_draining", id: row["id"] as string, queue: row["queue"] as string },
      position(row["seq"] as number),
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
      `SELECT jobs.seq, jobs.id, job_groups.kind FROM ${pairs} ON jobs.id = job_groups.id WHERE jobs.seq BETWEEN ? AND ? LIMIT 1`,
    )
    .get(firstSeq, lastSeq);
  if (row)
    throw refuseEnqueue(
      {
        kind: "duplicate_id",
        of: "job",
        id: row["id"] as string,
        isOfList: false,
        holder: row["kind"] as GroupKind,
      },
      position(row["seq"] as number),
    );
}

/** Of a job, in the order of `COLUMNS`. */
export function toValues(job: NewJob): SQLInputValue[] {
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

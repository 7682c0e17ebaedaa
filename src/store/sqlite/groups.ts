import type { GroupKind } from "../../domain/group.ts";
import { countsOf, type JobState } from "../../domain/job.ts";
import { type Change, GROUP_CHANGEABLE, refuseGroupChange } from "../../domain/refuse-change.ts";
import type { GroupRecord } from "../store.ts";
import type { Database } from "./database.ts";
import type { Row } from "./rows.ts";

const GROUPS = `
  SELECT job_groups.id, job_groups.kind, job_groups.name, max_running, max_fails, created_at
  FROM job_groups LEFT JOIN gates ON gates.scope = 'group' AND gates.name = job_groups.id`;

export async function getGroup(db: Database, id: string): Promise<GroupRecord | undefined> {
  return await db.read(() => {
    const row = db.prepare(`${GROUPS} WHERE job_groups.id = ?`).get(id);
    return row && toGroup(db, row);
  });
}

export async function listGroups(
  db: Database,
  { kind, newest }: { kind: GroupKind; newest?: number | undefined },
): Promise<GroupRecord[]> {
  return await db.read(() =>
    db
      .prepare(`${GROUPS} WHERE job_groups.kind = ? ORDER BY created_at DESC, job_groups.id DESC LIMIT ?`)
      .all(kind, newest ?? -1)
      .reverse()
      .map((row) => toGroup(db, row)),
  );
}

function toGroup(db: Database, row: Row): GroupRecord {
  const id = row["id"] as string;
  const rows = db
    .prepare("SELECT state, count(*) AS jobs FROM jobs WHERE group_id = ? GROUP BY state")
    .all(id) as { state: JobState; jobs: number }[];
  return {
    id,
    kind: row["kind"] as GroupKind,
    name: row["name"] as string,
    maxRunning: row["max_running"] as number | null,
    maxFails: row["max_fails"] as number | null,
    createdAt: row["created_at"] as number,
    counts: countsOf((state) => rows.find((counted) => counted.state === state)?.jobs ?? 0),
  };
}

/**
 * The jobs of a group that can be changed in this way; undefined for an id that is no group's.
 * @throws the refusal of a group that has no such job
 */
export function findChangeable(db: Database, group: string, change: Change): string[] | undefined {
  if (db.prepare("SELECT 1 FROM job_groups WHERE id = ?").get(group) === undefined) return undefined;
  const members = findMembers(db, group, { change, after: 0, limit: -1 });
  if (members.length === 0) throw refuseGroupChange(change, group);
  return members.map(({ id }) => id);
}

/**
 * Some of them in order of arrival, after an arrival number; a limit of -1 is none. Who was cancelled because what it waited
 * for did not fail is still not needed, and not meant by a retry.
 */
export function findMembers(
  db: Database,
  group: string,
  { change, after, limit }: { change: Change; after: number; limit: number },
): { id: string; seq: number }[] {
  return db
    .prepare(`
      SELECT id, seq FROM jobs INDEXED BY jobs_of_group
      WHERE group_id = ? AND seq > ? AND state IN (SELECT value FROM json_each(?))
        AND NOT (state = 'cancelled' AND EXISTS (
          SELECT 1 FROM dependencies JOIN jobs AS others ON others.seq = dependencies.on_job
          WHERE dependencies.job = jobs.seq AND condition = 'failed' AND others.state = 'completed'))
      ORDER BY seq LIMIT ?`)
    .all(group, after, JSON.stringify(GROUP_CHANGEABLE[change]), limit) as { id: string; seq: number }[];
}

/** Forgets groups that have lost their last job, so that their ids are free. The runs of a schedule are one while it is there. */
export function forgetEmptied(db: Database, groups: Iterable<string>): void {
  for (const group of groups) {
    const { changes } = db
      .prepare(`
        DELETE FROM job_groups WHERE id = ?1
          AND NOT EXISTS (SELECT 1 FROM jobs WHERE group_id = ?1) AND NOT EXISTS (SELECT 1 FROM schedules WHERE name = ?1)`)
      .run(group);
    if (changes === 1) db.prepare("DELETE FROM gates WHERE scope = 'group' AND name = ?").run(group);
  }
}

import type { NewGroup } from "../../domain/group.ts";
import { refuseEnqueue } from "../../domain/refuse-enqueue.ts";
import type { Database } from "./database.ts";

/** @throws duplicate_id when a job or another group has the id */
export function addGroup(db: Database, group: NewGroup): void {
  const { id, kind, name, maxRunning, maxFails, createdAt } = group;
  const taken = db
    .prepare("SELECT 1 FROM jobs WHERE id = ?1 UNION ALL SELECT 1 FROM job_groups WHERE id = ?1")
    .get(id);
  if (taken) throw refuseEnqueue({ kind: "duplicate_id", of: kind, id, isOfList: false });
  db.prepare("INSERT INTO job_groups (id, kind, name, max_fails, created_at) VALUES (?, ?, ?, ?, ?)").run(
    id,
    kind,
    name,
    maxFails,
    createdAt,
  );
  if (maxRunning !== null)
    db.prepare("INSERT INTO gates (scope, name, max_running) VALUES ('group', ?, ?)").run(id, maxRunning);
}

import type { GroupKind } from "../domain/group.ts";
import type { JobState } from "../domain/job.ts";
import type { GroupRecord } from "../store/store.ts";

/** A group as `info --json` shows it. Stable. */
export interface GroupJson {
  id: string;
  kind: GroupKind;
  name: string;
  concurrency: number | null;
  max_fails: number | null;
  counts: Readonly<Record<JobState, number>>;
  created_at: string;
}

export function toGroupJson({
  id,
  kind,
  name,
  maxRunning,
  maxFails,
  counts,
  createdAt,
}: GroupRecord): GroupJson {
  return {
    id,
    kind,
    name,
    concurrency: maxRunning,
    max_fails: maxFails,
    counts,
    created_at: new Date(createdAt).toISOString(),
  };
}

import type { GroupKind } from "../domain/group.ts";
import type { JobState } from "../domain/job.ts";

/** Jobs that were made together: arrays, flows, the runs of schedules. */
export interface Groups {
  /** The group of exactly this id; undefined when there is none. */
  get(id: string): Promise<Group | undefined>;
}

/** A group as it stood when it was read. */
export interface Group {
  readonly id: string;
  readonly kind: GroupKind;
  /** Of an array its command, of a flow or schedule its name. */
  readonly name: string;
  /** How many of its jobs may run at once; null: any number. */
  readonly concurrency: number | null;
  /** As soon as so many of its jobs are dead, those that wait are cancelled; null: never. */
  readonly maxFails: number | null;
  /** Its jobs by state; those that were removed are not counted. */
  readonly counts: Readonly<Record<JobState, number>>;
  readonly createdAt: Date;
}

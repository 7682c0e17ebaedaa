import type { GroupKind } from "./group.ts";
import type { JobState } from "./job.ts";
import type { Change } from "./refuse-change.ts";

/**
 * What was refused, as data. The error that carries it has a sentence for everyone, but no hint: what can be done about it
 * is said to a person at a shell in commands (`cli/advise.ts`), to a program in calls (`library/advise.ts`).
 */
export type Refusal =
  | EnqueueRefusal
  | { kind: "no_such_job"; id: string }
  | { kind: "group_for_job"; id: string }
  /** The job's state does not allow the change. */
  | { kind: "wrong_state"; change: Change; id: string; state: JobState }
  /** None of the group's jobs is in a state that allows the change. */
  | { kind: "no_member"; change: Change; group: string }
  /** Nothing of a schedule can be changed: it has no jobs. */
  | { kind: "no_run"; schedule: string }
  | { kind: "hopeless"; on: string }
  | { kind: "no_such_flow" }
  | { kind: "no_such_queue" }
  | { kind: "pause_of_draining"; queue: string }
  | { kind: "no_such_schedule" }
  | { kind: "duplicate_schedule" }
  /** `other` stands in the way of a schedule's run; null when it has ended by now. */
  | { kind: "run_in_the_way"; other: string | null }
  /** A limit of 0, which would let nothing start. */
  | { kind: "zero_limit"; queue: string | null }
  /** A store that cannot be used: another one may be named instead, for example this one. */
  | { kind: "other_store"; advice: string; example: string | undefined };

/** What of new jobs is refused by what is there already, or beside them in their list. */
export type EnqueueRefusal =
  /** `holder`: what has the id, where it is no job. */
  | { kind: "duplicate_id"; of: "job" | GroupKind; id: string; isOfList: boolean; holder?: GroupKind }
  /** `other` is unfinished, or comes earlier in the same list, and so exists nowhere. */
  | {
      kind: "not_unique";
      verb: "enqueue" | "retry" | "run";
      id: string;
      unique: string;
      other: string;
      isOfList: boolean;
    }
  | { kind: "unknown_dependency"; id: string; on: string }
  /** A schedule is there, but nothing of it that could be waited for. */
  | { kind: "no_run_to_await"; id: string; on: string }
  | { kind: "too_many_dependencies"; id: string }
  | { kind: "queue_draining"; id: string; queue: string };

/** What to do about a store that cannot be used. @param advice ends in naming another one; how to name it is added */
export function otherStore(advice: string, example?: string): { refusal: Refusal } {
  return { refusal: { kind: "other_store", advice, example } };
}

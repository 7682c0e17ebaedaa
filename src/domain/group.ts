/** Jobs that were made together: the members of an array, the steps of a flow, the runs of a schedule. */
export const GROUP_KINDS = ["array", "flow", "schedule"] as const;

export type GroupKind = (typeof GROUP_KINDS)[number];

/** A job's place in a group. */
export interface GroupMembership {
  kind: GroupKind;
  id: string;
  /** The index in an array, the name of a flow's step, the instant of a schedule: as text. */
  member: string;
}

export interface NewGroup {
  /** Not the id of a job or of another group. */
  id: string;
  kind: GroupKind;
  /** What people call it: a flow's name, an array's command, a schedule's name. */
  name: string;
  /** How many of its jobs may run at once; null means no cap. */
  maxRunning: number | null;
  /** Once so many have died since one was last brought back, those that wait or are given back are cancelled; null: never. */
  maxFails: number | null;
  createdAt: number;
}

/** The error of a job of a group that was cancelled because too many others are dead. */
export function enoughFailed({ id, maxFails }: { id: string; maxFails: number }): string {
  return `${maxFails} of "${id}" failed, which is as many as may`;
}

import type { Condition, Judgement } from "../domain/dependency.ts";
import type { Closure, GateScope, GateState } from "../domain/gate.ts";
import type { GroupKind } from "../domain/group.ts";
import type { DeadReason, JobState } from "../domain/job.ts";
import type { LimitGate, StartGate, WorkerLack } from "../domain/start-gate.ts";
import type { Explanation } from "./explain.ts";
import type { GroupExplanation } from "./explain-group.ts";
import { remedyFor } from "./remedy.ts";

/** The answer of `explain --json`. */
export interface ExplanationJson {
  id: string;
  state: JobState;
  gates: readonly GateJson[];
  ahead: number | null;
}

/** The same about an array, a flow or the runs of a schedule. */
export interface GroupExplanationJson {
  id: string;
  kind: GroupKind;
  name: string;
  counts: Readonly<Record<JobState, number>>;
  gate: LimitGateJson | null;
  jobs: readonly ExplanationJson[];
}

/** What every gate tells; `kind` tells which else there is. */
interface CommonJson<Kind extends string> {
  kind: Kind;
  closed: boolean;
  remedy: string | null;
}

export interface FinishedGateJson extends CommonJson<"finished"> {
  state: JobState;
  reason: DeadReason | null;
  error: string | null;
}

export interface DependencyGateJson extends CommonJson<"dependency"> {
  on: string;
  condition: Condition;
  state: JobState;
  judgement: Judgement;
  root: StandingJobJson | null;
}

export interface GroupDependencyGateJson extends CommonJson<"group_dependency"> {
  on: string;
  condition: Condition;
  met: number;
  waiting: number;
  impossible: number;
  unmet: readonly StandingJobJson[];
  root: StandingJobJson | null;
}

/** Another job, and where it is in its life. */
export interface StandingJobJson {
  id: string;
  state: JobState;
}

export interface RunAtGateJson extends CommonJson<"run_at"> {
  opens_at: string;
}

export interface BackoffGateJson extends CommonJson<"backoff"> {
  opens_at: string;
  attempts: number;
  allowed: number;
}

export interface ExpiresGateJson extends CommonJson<"expires"> {
  expires_at: string;
}

export interface LimitGateJson extends CommonJson<GateScope> {
  name: string;
  state: GateState;
  cause: Closure["kind"] | null;
  running: number;
  concurrency: number | null;
  rate: string | null;
  opens_at: string | null;
  holders: readonly string[];
}

export interface SuspectGateJson extends CommonJson<"suspect"> {
  makes_room: string | null;
}

export interface WorkerGateJson extends CommonJson<"worker"> {
  queue: string;
  cause: WorkerLack | null;
  slots: number;
  busy: number;
}

export type GateJson =
  | FinishedGateJson
  | DependencyGateJson
  | GroupDependencyGateJson
  | RunAtGateJson
  | BackoffGateJson
  | ExpiresGateJson
  | LimitGateJson
  | SuspectGateJson
  | WorkerGateJson;

export function toExplanationJson({ job, gates, ahead }: Explanation): ExplanationJson {
  return { id: job.id, state: job.state, gates: gates.map((gate) => toGateJson(gate, job.id)), ahead };
}

export function toGroupExplanationJson({ group, gate, jobs }: GroupExplanation): GroupExplanationJson {
  const { id, kind, name, counts } = group;
  return { id, kind, name, counts, gate: gate && toLimitJson(gate, id), jobs: jobs.map(toExplanationJson) };
}

function toGateJson(gate: StartGate, jobId: string): GateJson {
  const common = { closed: gate.isClosed, remedy: remedyFor(gate, jobId) };
  switch (gate.kind) {
    case "finished": {
      const { kind, state, reason, error } = gate;
      return { kind, ...common, state, reason, error };
    }
    case "dependency": {
      const { kind, on, condition, state, judgement, root } = gate;
      return { kind, ...common, on, condition, state, judgement, root };
    }
    case "group_dependency": {
      const { kind, on, condition, counts, unmet, root } = gate;
      return { kind, ...common, on, condition, ...counts, unmet, root };
    }
    case "run_at":
      return { kind: gate.kind, ...common, opens_at: toIso(gate.opensAt) };
    case "backoff": {
      const { kind, opensAt, attempts, allowed } = gate;
      return { kind, ...common, opens_at: toIso(opensAt), attempts, allowed };
    }
    case "expires":
      return { kind: gate.kind, ...common, expires_at: toIso(gate.expiresAt) };
    case "queue":
    case "key":
    case "group":
      return toLimitJson(gate, jobId);
    case "suspect":
      return { kind: gate.kind, ...common, makes_room: gate.makesRoom };
    case "worker": {
      const { kind, queue, cause, slots, busy } = gate;
      return { kind, ...common, queue, cause, slots, busy };
    }
  }
}

function toLimitJson(gate: StartGate & LimitGate, id: string): LimitGateJson {
  const { kind, isClosed: closed, name, state, cause, running, concurrency, rate, opensAt, holders } = gate;
  const opens_at = opensAt === null ? null : toIso(opensAt);
  const remedy = remedyFor(gate, id);
  return { kind, closed, remedy, name, state, cause, running, concurrency, rate, opens_at, holders };
}

function toIso(at: number): string {
  return new Date(at).toISOString();
}

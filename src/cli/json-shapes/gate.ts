import type { Condition, Judgement } from "../../domain/dependency.ts";
import type { GateScope } from "../../domain/gate.ts";
import type { WorkerLack } from "../../domain/start-gate.ts";
import type {
  BackoffGateJson,
  DependencyGateJson,
  ExpiresGateJson,
  ExplanationJson,
  FinishedGateJson,
  GateJson,
  GroupDependencyGateJson,
  GroupExplanationJson,
  LimitGateJson,
  RunAtGateJson,
  StandingJobJson,
  SuspectGateJson,
  WorkerGateJson,
} from "../../queue/explain-json.ts";
import { GROUP_KINDS, REASONS, STATES } from "./job.ts";
import { CAUSES, GATE_STATES, LIMITS } from "./queue.ts";
import { kind, type Shape, type ShapeOf } from "./shape.ts";

const COMMON = {
  closed: { type: "true or false", sentence: "true: it cannot start now" },
  remedy: {
    type: "text",
    nullable: true,
    sentence: "the command that opens it, or shows what does; null when only time does, or nothing",
  },
} as const;

const LACKS: Readonly<Record<WorkerLack, string>> = {
  no_worker: "no worker runs",
  all_stopping: "those that run are stopping, and claim nothing more",
  none_serves_its_queue: "those that run serve other queues",
  no_free_slot: "those that serve its queue are busy",
  kept_for_suspect: "what is free is kept for a suspect, which comes before it and runs alone",
};

const CONDITIONS: Readonly<Record<Condition, string>> = {
  completed: "that it completes",
  finished: "that it finishes, however",
  failed: "that it ends without completing",
};

const JUDGEMENTS: Readonly<Record<Judgement, string>> = {
  met: "it is so",
  waiting: "it may still become so",
  impossible: "it cannot any more, unless somebody brings the other job back",
};

const FINISHED_GATE: ShapeOf<FinishedGateJson> = {
  sentence: "It is finished: nothing starts it but a person.",
  fields: {
    kind: kind("finished", "which gate this is"),
    ...COMMON,
    state: { type: "text", values: STATES, sentence: "how it is finished" },
    reason: { type: "text", nullable: true, values: REASONS, sentence: "why it is dead" },
    error: { type: "text", nullable: true, sentence: "why the last execution failed" },
  },
};

const DEPENDENCY_GATE: ShapeOf<DependencyGateJson> = {
  sentence: "Another job of which something must become first.",
  fields: {
    kind: kind("dependency", "which gate this is"),
    ...COMMON,
    on: { type: "text", sentence: "the other job's id" },
    condition: { type: "text", values: CONDITIONS, sentence: "what must become of it" },
    state: { type: "text", values: STATES, sentence: "where it is in its life" },
    judgement: { type: "text", values: JUDGEMENTS, sentence: "how the condition stands" },
    root: {
      type: "object",
      of: "standing job",
      nullable: true,
      sentence: "where the chain begins, of a job that itself waits for others or died of one",
    },
  },
};

const GROUP_DEPENDENCY_GATE: ShapeOf<GroupDependencyGateJson> = {
  sentence: "An array, a flow or a schedule: of each of its jobs something must become first.",
  fields: {
    kind: kind("group_dependency", "which gate this is"),
    ...COMMON,
    on: { type: "text", sentence: "the group's id" },
    condition: { type: "text", values: CONDITIONS, sentence: "what must become of each of its jobs" },
    met: { type: "whole number", sentence: "of how many jobs it has" },
    waiting: { type: "whole number", sentence: "of how many it still may" },
    impossible: {
      type: "whole number",
      sentence: "of how many it cannot any more, unless somebody brings them back",
    },
    unmet: {
      type: "list",
      of: "standing job",
      sentence: "some of those of which it has not, at most 5; those of which it cannot first",
    },
    root: {
      type: "object",
      of: "standing job",
      nullable: true,
      sentence: "where the chain of the first of these begins, if that waits for others or died of one",
    },
  },
};

export const STANDING_JOB: ShapeOf<StandingJobJson> = {
  sentence: "A job that others depend on.",
  fields: {
    id: { type: "text", sentence: "its id" },
    state: { type: "text", values: STATES, sentence: "where it is in its life" },
  },
};

const RUN_AT_GATE: ShapeOf<RunAtGateJson> = {
  sentence: "Its time has not come.",
  fields: {
    kind: kind("run_at", "which gate this is"),
    ...COMMON,
    opens_at: { type: "instant", sentence: "when it does" },
  },
};

const BACKOFF_GATE: ShapeOf<BackoffGateJson> = {
  sentence: "It failed, and waits for its retry.",
  fields: {
    kind: kind("backoff", "which gate this is"),
    ...COMMON,
    opens_at: { type: "instant", sentence: "when it is retried" },
    attempts: { type: "whole number", sentence: "executions that have failed" },
    allowed: { type: "whole number", sentence: "how many may" },
  },
};

const EXPIRES_GATE: ShapeOf<ExpiresGateJson> = {
  sentence: "It must start by then; once closed, the next claim of a worker ends it.",
  fields: {
    kind: kind("expires", "which gate this is"),
    ...COMMON,
    expires_at: { type: "instant", sentence: "by when" },
  },
};

const LIMIT_GATE: ShapeOf<LimitGateJson> = {
  sentence: "The gate of its queue, its key or its group.",
  fields: {
    kind: {
      type: "text",
      values: {
        queue: "how many of its queue may run and start",
        key: "how many of its key may run, over all queues",
        group: "how many of its array, flow or schedule may run",
      },
      sentence: "which gate this is",
    },
    ...COMMON,
    name: { type: "text", sentence: "of the queue, the key or the group" },
    state: { type: "text", values: GATE_STATES, sentence: "what a person made of it" },
    cause: { type: "text", nullable: true, values: CAUSES, sentence: "why it is closed" },
    ...LIMITS,
    holders: { type: "list of texts", sentence: "ids of jobs that run behind it, at most 5" },
  },
};

const SUSPECT_GATE: ShapeOf<SuspectGateJson> = {
  sentence: "It was lost with a worker, and runs alone: in one that holds nothing.",
  fields: {
    kind: kind("suspect", "which gate this is"),
    ...COMMON,
    makes_room: {
      type: "text",
      nullable: true,
      sentence: "the worker that claims nothing more until it is empty",
    },
  },
};

const WORKER_GATE: ShapeOf<WorkerGateJson> = {
  sentence: "A worker must serve its queue, and have a slot for it.",
  fields: {
    kind: kind("worker", "which gate this is"),
    ...COMMON,
    queue: { type: "text", sentence: "its queue" },
    cause: { type: "text", nullable: true, values: LACKS, sentence: "what is lacking" },
    slots: { type: "whole number", sentence: "of the workers that serve the queue" },
    busy: { type: "whole number", sentence: "how many of those are taken" },
  },
};

type GateShape = `gate ${Exclude<GateJson["kind"], GateScope> | "limit"}`;

/** The gates that `explain` tells of: one shape for a kind, but those with limits share theirs. */
export const GATES: Readonly<Record<GateShape, Shape>> = {
  "gate finished": FINISHED_GATE,
  "gate dependency": DEPENDENCY_GATE,
  "gate group_dependency": GROUP_DEPENDENCY_GATE,
  "gate run_at": RUN_AT_GATE,
  "gate backoff": BACKOFF_GATE,
  "gate expires": EXPIRES_GATE,
  "gate limit": LIMIT_GATE,
  "gate worker": WORKER_GATE,
  "gate suspect": SUSPECT_GATE,
};

export const GROUP_EXPLANATION: ShapeOf<GroupExplanationJson> = {
  sentence: "Why an array, a flow or the runs of a schedule do not go on.",
  fields: {
    id: { type: "text", sentence: "the group's id" },
    kind: { type: "text", values: GROUP_KINDS, sentence: "what it is" },
    name: { type: "text", sentence: "an array's command, a flow's or a schedule's name" },
    counts: { type: "object", of: "counts", sentence: "its jobs by state" },
    gate: {
      type: "object",
      of: "gate limit",
      nullable: true,
      sentence: "its own: how many of its jobs may run at once; null where nobody has set that",
    },
    jobs: {
      type: "list",
      of: "explanation",
      sentence:
        "the first that wait, at most 3; of a flow, the first steps that no other step of it holds up",
    },
  },
};

export const EXPLANATION: ShapeOf<ExplanationJson> = {
  sentence: "Why a job does not run yet.",
  fields: {
    id: { type: "text", sentence: "the job's id" },
    state: { type: "text", values: STATES, sentence: "where it is in its life" },
    gates: {
      type: "list",
      of: Object.keys(GATES) as GateShape[],
      sentence: "what stands before its start, in the order in which it passes; none of one that runs",
    },
    ahead: {
      type: "whole number",
      nullable: true,
      sentence:
        "how many due jobs of its queue come before it, counted up to 1001, without those that were turned away at a key or a group; null when it does not wait for a worker now",
    },
  },
};

import { CONFIG, CONFIG_ORIGINS, ORIGIN } from "./config.ts";
import { FLOW, FLOW_DETAILS, FLOW_STEP, PLANNED_FLOW, PLANNED_STEP } from "./flow.ts";
import { EXPLANATION, GATES, GROUP_EXPLANATION, STANDING_JOB } from "./gate.ts";
import { DEAD_JOB, EXECUTION, GROUP, INFO, JOB, LOG_LINE, MEMBERSHIP } from "./job.ts";
import {
  DEMO,
  DEMO_STEP,
  ERROR,
  ERROR_DETAILS,
  FAULT,
  PRUNED,
  PRUNED_JOBS,
  REMOVED,
  SERVICE_INSTALLED,
  SERVICE_UNINSTALLED,
  VERSION,
} from "./other.ts";
import { KEY, QUEUE } from "./queue.ts";
import { FIRING, REMOVED_SCHEDULE, SCHEDULE } from "./schedule.ts";
import type { Shape } from "./shape.ts";
import {
  COUNTS,
  EVENTS,
  STARTED,
  STATUS,
  STOPPED,
  THROUGHPUT,
  WORKER,
  WORKER_LOG_LINE,
  WORKER_NAME,
} from "./worker.ts";

/**
 * The JSON that queuectl prints, described once: the reference is made from it, and a test holds the real answers to
 * it. No command loads it.
 */
export type ShapeName =
  | "job"
  | "membership"
  | "group"
  | "execution"
  | "job with history"
  | "dead job"
  | "log line"
  | "schedule"
  | "firing"
  | "removed schedule"
  | "flow"
  | "flow with steps"
  | "flow step"
  | "planned flow"
  | "planned step"
  | "status"
  | "counts"
  | "throughput"
  | "queue"
  | "key"
  | "explanation"
  | "group explanation"
  | "standing job"
  | keyof typeof GATES
  | "worker"
  | "worker name"
  | "started workers"
  | "stopped workers"
  | "worker log line"
  | `event ${keyof typeof EVENTS}`
  | "removed jobs"
  | "pruned"
  | "pruned jobs"
  | "installed service"
  | "uninstalled service"
  | "settings"
  | "settings with origins"
  | "origin"
  | "demo"
  | "demo step"
  | "version"
  | "error"
  | "error details"
  | "fault";

export const SHAPES: Readonly<Record<ShapeName, Shape>> = {
  job: JOB,
  membership: MEMBERSHIP,
  group: GROUP,
  "job with history": INFO,
  execution: EXECUTION,
  "dead job": DEAD_JOB,
  "log line": LOG_LINE,
  schedule: SCHEDULE,
  firing: FIRING,
  "removed schedule": REMOVED_SCHEDULE,
  flow: FLOW,
  "flow with steps": FLOW_DETAILS,
  "flow step": FLOW_STEP,
  "planned flow": PLANNED_FLOW,
  "planned step": PLANNED_STEP,
  status: STATUS,
  counts: COUNTS,
  throughput: THROUGHPUT,
  queue: QUEUE,
  key: KEY,
  explanation: EXPLANATION,
  "group explanation": GROUP_EXPLANATION,
  ...GATES,
  "standing job": STANDING_JOB,
  worker: WORKER,
  "worker name": WORKER_NAME,
  "started workers": STARTED,
  "stopped workers": STOPPED,
  "worker log line": WORKER_LOG_LINE,
  ...eventShapes(),
  "removed jobs": REMOVED,
  pruned: PRUNED,
  "pruned jobs": PRUNED_JOBS,
  "installed service": SERVICE_INSTALLED,
  "uninstalled service": SERVICE_UNINSTALLED,
  settings: CONFIG,
  "settings with origins": CONFIG_ORIGINS,
  origin: ORIGIN,
  demo: DEMO,
  "demo step": DEMO_STEP,
  version: VERSION,
  error: ERROR,
  "error details": ERROR_DETAILS,
  fault: FAULT,
};

/** All shapes that a worker's line can have. */
export const EVENT_NAMES: readonly ShapeName[] = Object.keys(eventShapes()) as ShapeName[];

function eventShapes(): Record<`event ${keyof typeof EVENTS}`, Shape> {
  const named = Object.entries(EVENTS).map(([kind, shape]) => [`event ${kind}`, shape]);
  return Object.fromEntries(named) as Record<`event ${keyof typeof EVENTS}`, Shape>;
}

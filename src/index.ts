/** The library: jobs are enqueued, waited for and worked on from a program. */
export { type ErrorCode, QueuectlError } from "./domain/errors.ts";
export type { FlowState } from "./domain/flow-state.ts";
export type { GroupKind } from "./domain/group.ts";
export type { DeadReason, JobState } from "./domain/job.ts";
export type { OutcomeKind } from "./domain/outcome.ts";
export type { Execution } from "./library/execution.ts";
export type {
  Flow,
  FlowDetails,
  FlowInput,
  FlowOptions,
  FlowStep,
  Flows,
  ListFlowsOptions,
  StepInput,
  StepOptions,
} from "./library/flows.ts";
export type { Group, Groups } from "./library/groups.ts";
export type { ArrayJob, ArrayOptions, Job, JobArray, JobInput, JobOptions } from "./library/job.ts";
export { openQueue } from "./library/open-queue.ts";
export type { ListOptions, OpenQueueOptions, Queue, StopOptions, WaitOptions } from "./library/queue.ts";
export type { Explanation, QueueLimits, QueueState, Queues, StartGate } from "./library/queues.ts";
export type {
  Firing,
  HistoryOptions,
  NextOptions,
  Schedule,
  ScheduledJob,
  ScheduleInput,
  Schedules,
} from "./library/schedules.ts";
export type {
  Handler,
  HandlerTools,
  QueueWorker,
  WorkerEvent,
  WorkOptions,
  WorkQueuesOptions,
} from "./library/worker.ts";

import type { FlowState } from "../domain/flow-state.ts";
import type { Job, JobOptions } from "./job.ts";

/** Flows: named steps that wait for each other, and are started together. Their steps are jobs like others. */
export interface Flows {
  /**
   * Starts a flow. All of it is checked first, and nothing is added unless all of it is right; durable when it resolves.
   * @param flow an object, or the text of a flow file (YAML or JSON)
   * @throws invalid_flow naming every fault and its place; duplicate_id; queue_draining
   */
  run(flow: FlowInput | string, options?: FlowOptions): Promise<Flow>;

  /** Flows by start, the oldest first. */
  list(options?: ListFlowsOptions): Promise<Flow[]>;

  /** The flow of exactly this id with its steps; undefined when there is none. */
  get(id: string): Promise<FlowDetails | undefined>;

  /**
   * Cancels all steps that are not finished. Those that run are asked to end: `queue.wait` tells when they have.
   * @throws flow_not_found; already_finished when there are none
   */
  cancel(id: string): Promise<void>;

  /**
   * Brings back the steps that are dead or cancelled, and leaves those that completed or are not needed.
   * @throws flow_not_found; not_finished when there are none
   */
  retry(id: string): Promise<void>;
}

export interface FlowOptions {
  /** Letters, digits, `.`, `_`, `:`, `-`; unless given, the flow's name and six random characters. */
  id?: string | undefined;
}

export interface ListFlowsOptions {
  /** Only the newest so many, still oldest first. */
  newest?: number | undefined;
}

/** A flow to start. */
export interface FlowInput {
  /** What its id begins with. */
  name: string;
  /** How many of its steps may run at once; as many as there are slots unless given. */
  concurrency?: number | undefined;
  /** What every step has that does not say otherwise. A step's variables are added to these. */
  defaults?: StepOptions | undefined;
  /** At least one, by name. */
  steps: Readonly<Record<string, StepInput>>;
}

/** What may be said about a step besides what it runs and waits for. */
export type StepOptions = Pick<
  JobOptions,
  | "maxRetries"
  | "timeoutMs"
  | "backoffBase"
  | "priority"
  | "runAt"
  | "delayMs"
  | "queue"
  | "tags"
  | "env"
  | "cwd"
  | "stdin"
  | "key"
  | "keyLimit"
  | "expiresInMs"
>;

/** Steps that must end first, by name. */
export interface StepWaits {
  /** These must complete. */
  needs?: string | readonly string[] | undefined;
  /** These must end, however. */
  afterAny?: string | readonly string[] | undefined;
  /** These must end without completing: the step runs only then. */
  afterFail?: string | readonly string[] | undefined;
}

/** A step: shell text or exact arguments, what it waits for, and what else there is to say about it. */
export type StepInput = StepOptions &
  StepWaits &
  (
    | { /** For `/bin/sh -c`. */ run: string; argv?: undefined }
    | { /** Program and arguments, run without a shell. */ argv: readonly string[]; run?: undefined }
  );

/** A flow as it stood when it was read. */
export interface Flow {
  readonly id: string;
  readonly name: string;
  readonly state: FlowState;
  /** Steps that completed, or turned out not to be needed. */
  readonly done: number;
  /** All its steps, but for those that were pruned. */
  readonly total: number;
  readonly concurrency: number | null;
  readonly createdAt: Date;
}

export interface FlowDetails extends Flow {
  /** In the order in which they were given. */
  readonly steps: readonly FlowStep[];
}

export interface FlowStep {
  readonly name: string;
  readonly needs: readonly string[];
  readonly afterAny: readonly string[];
  readonly afterFail: readonly string[];
  readonly job: Job;
}

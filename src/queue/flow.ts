import type { Dependency } from "../domain/dependency.ts";
import { QueuectlError, restate } from "../domain/errors.ts";
import { FLOW_SUFFIX_LENGTH, type Flow } from "../domain/flow.ts";
import {
  countDone,
  type FlowState,
  type StandingStep,
  stateOfFlow,
  stepsToRetry,
} from "../domain/flow-state.ts";
import type { NewGroup } from "../domain/group.ts";
import { randomId } from "../domain/id.ts";
import { countsOf, type Job, type NewJob } from "../domain/job.ts";
import { parseJobInput } from "../domain/job-input.ts";
import { refuseGroupChange } from "../domain/refuse-change.ts";
import { callJob } from "../domain/refuse-enqueue.ts";
import type { GroupRecord, HeldClaim, Store } from "../store/store.ts";
import { requireFlow } from "./find-flow.ts";

/** A flow that was started, as it stood when it was read. */
export interface FlowStatus {
  id: string;
  name: string;
  state: FlowState;
  /** Steps that have done what they were for. */
  done: number;
  total: number;
  concurrency: number | null;
  createdAt: number;
}

export interface FlowDetails extends FlowStatus {
  /** In the order of its file. */
  steps: readonly StepStatus[];
}

export interface StepStatus {
  name: string;
  /** On other steps, by name. */
  dependsOn: readonly Dependency[];
  job: Job;
}

/** What the jobs of a flow get that no file says. */
export interface StartContext {
  /** A new one unless given. */
  id?: string | undefined;
  maxRetries: number;
  cwd: string;
  now: number;
}

/**
 * Starts a flow: all its steps become jobs, in one transaction.
 * @returns its id
 * @throws duplicate_id, queue_draining
 */
export async function startFlow(store: Store, flow: Flow, context: StartContext): Promise<string> {
  const { maxRetries, cwd, now } = context;
  const id = context.id ?? `${flow.name}-${randomId(FLOW_SUFFIX_LENGTH, Math.random)}`;
  const group: NewGroup = {
    id,
    kind: "flow",
    name: flow.name,
    maxRunning: flow.concurrency,
    maxFails: null,
    createdAt: now,
  };
  const jobs = flow.steps.map(({ name, dependsOn, job }): NewJob => {
    const parsed = parseJobInput(job, { id: stepId(id, name), maxRetries, cwd, now });
    return {
      ...parsed,
      dependsOn: dependsOn.map(({ on, condition }) => ({ on: stepId(id, on), condition })),
      group: { kind: "flow", id, member: name },
    };
  });
  try {
    await store.enqueue(jobs, group);
  } catch (error) {
    throw placeRefusal(error, flow);
  }
  return id;
}

/** A store names jobs; who writes a flow knows its steps, by name and place. */
function placeRefusal(error: unknown, { steps }: Flow): unknown {
  if (!(error instanceof QueuectlError) || error.position === undefined) return error;
  const step = steps[error.position - 1];
  if (step === undefined) return error;
  const refusal = callJob(error, `the step "${step.name}"`);
  return restate(refusal, `${step.place}: ${refusal.message}`);
}

/** How a flow of the store stands. */
export async function readFlow(store: Store, group: GroupRecord): Promise<FlowStatus> {
  // Of one that is cancelled only the flow as a whole tells whether it was needed.
  return group.counts.cancelled === 0
    ? toStatus(group, group.counts.completed)
    : await readSteps(store, group);
}

/** The same with its steps. */
export async function readSteps(store: Store, group: GroupRecord): Promise<FlowDetails> {
  const prefix = stepId(group.id, "");
  const steps: StepStatus[] = [];
  for await (const job of store.listJobs({ group: group.id }))
    steps.push({
      name: job.group?.member ?? job.id,
      dependsOn: job.dependsOn.map(({ on, condition }) => ({
        on: on.startsWith(prefix) ? on.slice(prefix.length) : on,
        condition,
      })),
      job,
    });
  const counts = countsOf((state) => steps.filter(({ job }) => job.state === state).length);
  return { ...toStatus({ ...group, counts }, countDone(standingSteps(steps))), steps };
}

function toStatus(group: GroupRecord, done: number): FlowStatus {
  const { id, name, counts, maxRunning, createdAt } = group;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return {
    id,
    name,
    state: stateOfFlow(counts, done),
    done,
    total,
    concurrency: maxRunning,
    createdAt,
  };
}

/** What the decisions about a flow look at. */
export function standingSteps(steps: readonly StepStatus[]): StandingStep[] {
  return steps.map(({ name, dependsOn, job }) => ({ name, dependsOn, state: job.state }));
}

/**
 * Flows, oldest first; with `newest`, only so many, and with `state`, of those that stand so. One whose jobs were all pruned
 * is soon forgotten, and left out.
 */
export async function* listFlows(
  store: Store,
  { newest, state }: { newest?: number | undefined; state?: FlowState | undefined } = {},
): AsyncGenerator<FlowStatus> {
  // How a flow stands is not stored: all have to be looked at for the newest of a state.
  const groups = await store.listGroups({ kind: "flow", newest: state === undefined ? newest : undefined });
  const flows: FlowStatus[] = [];
  for (const group of groups) {
    if (Object.values(group.counts).every((count) => count === 0)) continue;
    const flow = await readFlow(store, group);
    if (state === undefined) yield flow;
    else if (flow.state === state) flows.push(flow);
  }
  yield* newest === undefined ? flows : flows.slice(-newest);
}

/**
 * Cancels every step of a flow that is not finished; see `Store.cancelJobs`.
 * @returns the executions that still run
 * @throws flow_not_found, already_finished
 */
export async function cancelFlow(store: Store, id: string, now: number): Promise<HeldClaim[]> {
  await requireFlow(store, id);
  return await store.cancelJobs([id], now);
}

/**
 * Brings back the steps of a flow that did not complete, and leaves those that did.
 * @throws flow_not_found, not_finished when there is none
 */
export async function retryFlow(store: Store, id: string, now: number): Promise<void> {
  const ids = await stepIdsToRetry(store, await requireFlow(store, id), "retry");
  await store.retryJobs(ids, { change: "retry", now });
}

/**
 * Which steps of a flow are meant when all of it is to be retried; see `stepsToRetry`. With `retryDead`, dead ones only.
 * @throws not_finished, not_dead when there is none
 */
export async function stepIdsToRetry(
  store: Store,
  group: GroupRecord,
  change: "retry" | "retryDead",
): Promise<string[]> {
  const { steps } = await readSteps(store, group);
  const names = new Set(stepsToRetry(standingSteps(steps)));
  const meant = steps.filter(
    ({ name, job }) => names.has(name) && (change === "retry" || job.state === "dead"),
  );
  if (meant.length === 0) throw refuseGroupChange(change, group.id);
  return meant.map(({ job }) => job.id);
}

function stepId(flow: string, step: string): string {
  return `${flow}.${step}`;
}

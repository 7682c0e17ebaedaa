import type { Dependency } from "../domain/dependency.ts";
import type { Flow } from "../domain/flow.ts";
import type { FlowState } from "../domain/flow-state.ts";
import { listDependencies } from "../domain/job-conditions.ts";
import type { FlowDetails, FlowStatus, StepStatus } from "./flow.ts";
import { type JobJson, toJobJson } from "./job-json.ts";

/** A flow as every `--json` answer shows it. Stable. */
export interface FlowJson {
  id: string;
  name: string;
  state: FlowState;
  done: number;
  total: number;
  concurrency: number | null;
  created_at: string;
}

/** The same with its steps. */
export interface FlowDetailsJson extends FlowJson {
  steps: FlowStepJson[];
}

/** What a step waits for, as a flow file says it. */
export interface WaitsJson {
  needs: readonly string[];
  after_any: readonly string[];
  after_fail: readonly string[];
}

export interface FlowStepJson extends WaitsJson {
  name: string;
  job: JobJson;
}

/** A flow that was read and not started. */
export interface PlannedFlowJson {
  name: string;
  concurrency: number | null;
  steps: PlannedStepJson[];
}

export interface PlannedStepJson extends WaitsJson {
  name: string;
}

export function toFlowJson({ id, name, state, done, total, concurrency, createdAt }: FlowStatus): FlowJson {
  return { id, name, state, done, total, concurrency, created_at: new Date(createdAt).toISOString() };
}

export function toFlowDetailsJson(flow: FlowDetails): FlowDetailsJson {
  return { ...toFlowJson(flow), steps: flow.steps.map(toStepJson) };
}

export function toPlannedFlowJson({ name, concurrency, steps }: Flow): PlannedFlowJson {
  return {
    name,
    concurrency,
    steps: steps.map((step) => ({ name: step.name, ...toWaitsJson(step.dependsOn) })),
  };
}

function toStepJson({ name, dependsOn, job }: StepStatus): FlowStepJson {
  return { name, ...toWaitsJson(dependsOn), job: toJobJson(job) };
}

export function toWaitsJson(dependsOn: readonly Dependency[]): WaitsJson {
  return {
    needs: listDependencies({ dependsOn }, "completed"),
    after_any: listDependencies({ dependsOn }, "finished"),
    after_fail: listDependencies({ dependsOn }, "failed"),
  };
}

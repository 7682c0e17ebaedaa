import type { FlowState } from "../../domain/flow-state.ts";
import type {
  FlowDetailsJson,
  FlowJson,
  FlowStepJson,
  PlannedFlowJson,
  PlannedStepJson,
  WaitsJson,
} from "../../queue/flow-json.ts";
import type { FieldsOf, ShapeOf } from "./shape.ts";

const FLOW_STATES: Readonly<Record<FlowState, string>> = {
  pending: "no step has begun",
  running: "some step runs, waits for a worker or for its retry",
  completed: "every step completed, or was not needed",
  failed: "no step can go on by itself, and one is dead",
  cancelled: "a person ended it",
};

export const FLOW: ShapeOf<FlowJson> = {
  sentence: "A flow that was started.",
  fields: {
    id: { type: "text", sentence: "its name, unique among flows, arrays, schedules and jobs" },
    name: { type: "text", sentence: "what its file calls it" },
    state: { type: "text", values: FLOW_STATES, sentence: "how it stands" },
    done: { type: "whole number", sentence: "steps that completed, or turned out not to be needed" },
    total: { type: "whole number", sentence: "all its steps, but for those that were pruned" },
    concurrency: {
      type: "whole number",
      nullable: true,
      sentence: "how many steps may run at once; null: no limit",
    },
    created_at: { type: "instant", sentence: "when it was enqueued" },
  },
};

const WAITS: FieldsOf<WaitsJson> = {
  needs: { type: "list of texts", sentence: "the steps that must complete first" },
  after_any: { type: "list of texts", sentence: "the steps that must end first, however" },
  after_fail: { type: "list of texts", sentence: "the steps that must end without completing" },
};

export const FLOW_STEP: ShapeOf<FlowStepJson> = {
  sentence: "A step of a flow.",
  fields: {
    name: { type: "text", sentence: "what its file calls it" },
    ...WAITS,
    job: { type: "object", of: "job", sentence: "the job that it is" },
  },
};

export const FLOW_DETAILS: ShapeOf<FlowDetailsJson> = {
  sentence: "A flow with its steps.",
  extends: "flow",
  fields: {
    ...FLOW.fields,
    steps: { type: "list", of: "flow step", sentence: "in the order of the file" },
  },
};

export const PLANNED_STEP: ShapeOf<PlannedStepJson> = {
  sentence: "A step of a flow that was not started.",
  fields: { name: { type: "text", sentence: "what its file calls it" }, ...WAITS },
};

export const PLANNED_FLOW: ShapeOf<PlannedFlowJson> = {
  sentence: "A flow that was read and not started.",
  fields: {
    name: { type: "text", sentence: "what its file calls it" },
    concurrency: {
      type: "whole number",
      nullable: true,
      sentence: "how many steps may run at once; null: no limit",
    },
    steps: { type: "list", of: "planned step", sentence: "in the order of the file" },
  },
};

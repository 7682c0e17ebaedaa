import { describeValue } from "../domain/describe.ts";
import { QueuectlError } from "../domain/errors.ts";
import type { Flow as CheckedFlow } from "../domain/flow.ts";
import { didYouMean, suggest } from "../domain/suggest.ts";
import type { FlowContext } from "../queue/flow/check-job.ts";
import { Faults } from "../queue/flow/faults.ts";
import { JOB_FIELDS, STEP_FIELDS, stepWords } from "../queue/flow/fields.ts";
import { locateObject } from "../queue/flow/locate-object.ts";
import { checkFlow } from "../queue/flow/parse-flow.ts";
import type { FlowStatus, FlowDetails as StoredFlow } from "../queue/flow.ts";
import { toWaitsJson } from "../queue/flow-json.ts";
import type { Flow, FlowDetails } from "./flows.ts";
import { FIELD_NAMES, toJob, toJobField } from "./map-job.ts";

const nameOf = (field: string): string => FIELD_NAMES[field] ?? field;

/**
 * Holds a flow of a program to the rules of a flow file.
 * @throws invalid_flow naming every fault and its place
 */
export function readFlowInput(input: unknown, context: FlowContext): CheckedFlow {
  const faults = new Faults("flow", stepWords(FIELD_NAMES));
  const located = locateObject(input, faults, (path, key, value) => {
    if (path.length === 1 && path[0] === "defaults") return toFileField(JOB_FIELDS, key, value);
    if (path.length === 2 && path[0] === "steps") return toFileField(STEP_FIELDS, key, value);
    return [key, value];
  });
  return checkFlow(located, faults, context);
}

/** @throws invalid_job */
function toFileField(fields: readonly string[], key: string, value: unknown): readonly [string, unknown] {
  const own = fields.find((field) => nameOf(field) === key);
  if (own !== undefined) return toJobField(key, value) ?? [own, value];
  const names = fields.map(nameOf);
  throw new QueuectlError("invalid_job", `Unknown field ${describeValue(key)}`, {
    hint: didYouMean(suggest(key, names)) ?? `The fields are: ${names.join(", ")}.`,
  });
}

/** A flow as programs see it. */
export function toFlow({ id, name, state, done, total, concurrency, createdAt }: FlowStatus): Flow {
  return { id, name, state, done, total, concurrency, createdAt: new Date(createdAt) };
}

export function toFlowDetails(flow: StoredFlow): FlowDetails {
  const steps = flow.steps.map(({ name, dependsOn, job }) => {
    const { needs, after_any: afterAny, after_fail: afterFail } = toWaitsJson(dependsOn);
    return { name, needs, afterAny, afterFail, job: toJob(job) };
  });
  return { ...toFlow(flow), steps };
}

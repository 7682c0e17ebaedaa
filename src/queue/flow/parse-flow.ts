import { describeValue } from "../../domain/describe.ts";
import { QueuectlError } from "../../domain/errors.ts";
import { FLOW_SUFFIX_LENGTH, type Flow } from "../../domain/flow.ts";
import { ID_RULE, isId } from "../../domain/id.ts";
import { MAX_COUNT } from "../../domain/job-fields.ts";
import { checkDependencies } from "./check-dependencies.ts";
import { checkJob, type FlowContext, type JobObject } from "./check-job.ts";
import { Faults } from "./faults.ts";
import { FLOW_FIELDS, JOB_FIELDS, MAX_FLOW_BYTES, MAX_STEPS } from "./fields.ts";
import { type Located, type LocatedEntry, type LocatedMap, SPLIT, toPlain } from "./located.ts";
import { type PlacedStep, readStep, type StepContext } from "./read-step.ts";
import { readYaml } from "./read-yaml.ts";

/**
 * Reads a flow file: YAML 1.2, and so JSON. All of it is checked, and all that is wrong is said at once.
 * @param source the file's name, for the places of its faults
 * @throws invalid_flow
 */
export async function parseFlow(text: string, source: string, context: FlowContext): Promise<Flow> {
  if (Buffer.byteLength(text) > MAX_FLOW_BYTES) throw refuseTooLarge(source);
  const faults = new Faults(source);
  return checkFlow(await readYaml(text, faults), faults, context);
}

/** The refusal of a text that is not even looked at. */
export function refuseTooLarge(source: string): QueuectlError {
  return new QueuectlError("invalid_flow", `${source} is larger than ${MAX_FLOW_BYTES} bytes`, {
    hint: "Make several flows of it, or put long commands into scripts.",
  });
}

/**
 * Holds a value to the rules of a flow.
 * @throws invalid_flow
 */
export function checkFlow(located: Located | undefined, faults: Faults, context: FlowContext): Flow {
  const flow = located === undefined ? NOTHING : readFlow(located, faults, context);
  faults.throwAny();
  return flow;
}

const NOTHING: Flow = { name: "", concurrency: null, steps: [] };

const LOOKS_LIKE = 'Write it like this: { name: build, steps: { fetch: { run: "…" } } }';

function readFlow(located: Located, faults: Faults, context: FlowContext): Flow {
  if (located.kind !== "map") {
    const value = toPlain(located);
    const what =
      value === null ? "There is no flow in it" : `A flow is a mapping, not ${describeValue(value)}`;
    faults.add(located.at, what, LOOKS_LIKE);
    return NOTHING;
  }
  const fields = faults.knownFields(located, FLOW_FIELDS, "flow");
  const name = readName(fields.get("name"), located, faults);
  const defaults = readDefaults(fields.get("defaults"), faults, context);
  const idLength = context.id?.length ?? name.length + 1 + FLOW_SUFFIX_LENGTH;
  const steps = readSteps(fields.get("steps"), located, faults, { ...context, defaults, idLength });
  checkDependencies(steps, faults);
  return {
    name,
    concurrency: readConcurrency(fields.get("concurrency"), faults),
    steps: steps.map(({ name: step, place, dependsOn, job }) => ({
      name: step,
      place,
      dependsOn: dependsOn.map(({ on, condition }) => ({ on, condition })),
      job,
    })),
  };
}

function readName(entry: LocatedEntry | undefined, flow: LocatedMap, faults: Faults): string {
  if (entry === undefined) {
    faults.missing(flow, "name", "Its jobs are named after it. Add a line: name: build");
    return "";
  }
  const name = toPlain(entry.value);
  if (typeof name === "string" && isId(name)) return name;
  const rule = `A flow's name has ${ID_RULE}.`;
  faults.add(entry.value.at, `The flow's name ${describeValue(name)} is not allowed`, rule);
  return "";
}

function readConcurrency(entry: LocatedEntry | undefined, faults: Faults): number | null {
  if (entry === undefined) return null;
  const most = toPlain(entry.value);
  if (typeof most === "number" && Number.isInteger(most) && most >= 1 && most <= MAX_COUNT) return most;
  const rule = `a whole number from 1 to ${MAX_COUNT}`;
  faults.add(entry.value.at, `The field "concurrency" must be ${rule}, not ${describeValue(most)}`);
  return null;
}

function readDefaults(entry: LocatedEntry | undefined, faults: Faults, context: FlowContext): JobObject {
  if (entry === undefined) return {};
  const { value, keyAt } = entry;
  if (value.kind !== "map") {
    const what = describeValue(toPlain(value));
    faults.add(
      value.at,
      `The "defaults" are a mapping of fields, not ${what}`,
      "Write it like this: defaults: { timeout: 10m }",
    );
    return {};
  }
  const given = faults.knownFields(value, JOB_FIELDS, "defaults");
  const defaults = Object.fromEntries([...given].map(([field, own]) => [field, toPlain(own.value)]));
  const source = { at: keyAt, given, words: faults.words, isPartial: true };
  const wrong = checkJob({ command: "true", ...defaults }, source, context);
  faults.addAll(wrong);
  // What is wrong is said once, here, and not at each step.
  return wrong.length > 0 ? {} : defaults;
}

function readSteps(
  entry: LocatedEntry | undefined,
  flow: LocatedMap,
  faults: Faults,
  context: StepContext,
): PlacedStep[] {
  if (entry === undefined) {
    faults.missing(flow, "steps", LOOKS_LIKE);
    return [];
  }
  const { value } = entry;
  if (value.kind !== "map") {
    const what = describeValue(toPlain(value));
    faults.add(value.at, `The "steps" are a mapping of names and steps, not ${what}`, LOOKS_LIKE);
    return [];
  }
  if (value.entries.length === 0) faults.add(value.at, "The flow has no steps", LOOKS_LIKE);
  if (value.entries.length > MAX_STEPS) {
    faults.add(value.at, `The flow has ${value.entries.length} steps; the most are ${MAX_STEPS}`, SPLIT);
    return [];
  }
  return value.entries.map((step) => readStep(step, faults, context));
}

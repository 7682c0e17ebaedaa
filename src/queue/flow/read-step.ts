import { CONDITIONS, type Dependency } from "../../domain/dependency.ts";
import { describeValue } from "../../domain/describe.ts";
import type { FlowStep } from "../../domain/flow.ts";
import { ID_RULE, isId, MAX_ID_LENGTH } from "../../domain/id.ts";
import { DEPENDENCY_FIELDS, EXCLUDING, NEEDED } from "../../domain/job-conditions.ts";
import { checkJob, type FlowContext, type JobObject } from "./check-job.ts";
import type { Faults } from "./faults.ts";
import { jobField, STEP_FIELDS, stepField } from "./fields.ts";
import { type Located, type LocatedEntry, type LocatedMap, type Place, toPlain } from "./located.ts";

/** A step, and where its name and those that it waits for are written. */
export interface PlacedStep extends FlowStep {
  at: Place;
  dependsOn: readonly PlacedDependency[];
}

export interface PlacedDependency extends Dependency {
  at: Place;
}

export interface StepContext extends FlowContext {
  /** What a step has where it is silent. */
  defaults: JobObject;
  idLength: number;
}

export function readStep(
  { key: name, keyAt, value }: LocatedEntry,
  faults: Faults,
  context: StepContext,
): PlacedStep {
  if (!isId(name))
    faults.add(keyAt, `The step name ${describeValue(name)} is not allowed`, `A step's name has ${ID_RULE}.`);
  else if (context.idLength + 1 + name.length > MAX_ID_LENGTH)
    faults.add(
      keyAt,
      `The step name ${describeValue(name)} is too long`,
      `With the flow's id and a dot before it, it is the id of a job, which has at most ${MAX_ID_LENGTH} characters.`,
    );
  const step: PlacedStep = { name, at: keyAt, place: keyAt.text, dependsOn: [], job: {} };
  if (value.kind !== "map") {
    const what = value.kind === "scalar" && value.value === null ? "nothing" : describeValue(toPlain(value));
    faults.add(
      value.at,
      `The step "${name}" must be a mapping, not ${what}`,
      `Write it like this: ${name}: { run: "…" }`,
    );
    return step;
  }
  const fields = faults.knownFields(value, STEP_FIELDS, "step");
  const dependsOn = CONDITIONS.flatMap((condition) => {
    const field = stepField(DEPENDENCY_FIELDS[condition]);
    const entry = fields.get(field);
    fields.delete(field);
    return readNames(entry, faults).map(({ at, on }) => ({ at, on, condition }));
  });
  return { ...step, dependsOn, job: readJob(fields, step, value, faults, context) };
}

function readJob(
  fields: ReadonlyMap<string, LocatedEntry>,
  { name, at }: PlacedStep,
  map: LocatedMap,
  faults: Faults,
  context: StepContext,
): JobObject {
  const hasCommand = map.entries.some(({ key }) => key === "run" || key === "argv");
  if (!hasCommand) faults.add(at, `The step "${name}" has nothing to run`, 'Give it run: "…", or argv: […].');
  const given = new Map([...fields.values()].map((entry) => [jobField(entry.key), entry]));
  const own = Object.fromEntries([...given].map(([field, { value }]) => [field, toPlain(value)]));
  const job = withDefaults(own, context.defaults);
  // What is missing has been said, if it is.
  const whole = given.has("command") || given.has("argv") ? job : { ...job, command: "true" };
  faults.addAll(checkJob(whole, { at, given, words: faults.words }, context));
  return job;
}

/** Variables are added to each other; of everything else, the step's own counts, and what says the same is left out. */
function withDefaults(own: JobObject, defaults: JobObject): JobObject {
  const job = { ...defaults, ...own };
  for (const [one, other] of EXCLUDING) {
    if (one in own && !(other in own)) delete job[other];
    if (other in own && !(one in own)) delete job[one];
  }
  for (const [field, needed] of Object.entries(NEEDED))
    if (!(needed in job) && !(field in own)) delete job[field];
  // One that is no map stays as it is, to be refused.
  if (isMap(own["env"]) && isMap(defaults["env"])) job["env"] = { ...defaults["env"], ...own["env"] };
  return job;
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One name or a list of them, each once. */
function readNames(entry: LocatedEntry | undefined, faults: Faults): { at: Place; on: string }[] {
  if (entry === undefined) return [];
  const items: readonly Located[] = entry.value.kind === "list" ? entry.value.items : [entry.value];
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const name = toPlain(item);
    if (typeof name === "string") {
      const isNew = !seen.has(name);
      seen.add(name);
      return isNew ? [{ at: item.at, on: name }] : [];
    }
    const hint = ["number", "boolean"].includes(typeof name)
      ? `In quotes it is a name: "${name}"`
      : undefined;
    faults.add(
      item.at,
      `The field "${faults.words.nameOf(entry.key)}" takes names of steps, not ${describeValue(name)}`,
      hint,
    );
    return [];
  });
}

import type { Condition, Dependency } from "../../domain/dependency.ts";
import { describeValue } from "../../domain/describe.ts";
import type { FlowStep } from "../../domain/flow.ts";
import { ID_RULE, isId, MAX_ID_LENGTH } from "../../domain/id.ts";
import { checkJob, checkJobField, type FlowContext, type JobObject, jobField } from "./check-job.ts";
import type { Faults } from "./faults.ts";
import { STEP_FIELDS } from "./fields.ts";
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

/** What each field says of the steps it names. */
const CONDITIONS_BY_FIELD: Readonly<Record<"needs" | "after_any" | "after_fail", Condition>> = {
  needs: "completed",
  after_any: "finished",
  after_fail: "failed",
};

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
  const dependsOn = Object.entries(CONDITIONS_BY_FIELD).flatMap(([field, condition]) =>
    readNames(fields.get(field), faults).map(({ at, on }) => ({ at, on, condition })),
  );
  const given = [...fields.values()].filter(({ key }) => !Object.hasOwn(CONDITIONS_BY_FIELD, key));
  return { ...step, dependsOn, job: readJob(given, step, value, faults, context) };
}

function readJob(
  given: readonly LocatedEntry[],
  { name, at }: PlacedStep,
  map: LocatedMap,
  faults: Faults,
  context: StepContext,
): JobObject {
  const isCommand = ({ key }: LocatedEntry) => key === "run" || key === "argv";
  if (!map.entries.some(isCommand))
    faults.add(at, `The step "${name}" has nothing to run`, 'Give it run: "…", or argv: […].');
  const wrong = given.flatMap((entry) => checkJobField(entry, context));
  const own = Object.fromEntries(given.map(({ key, value }) => [jobField(key), toPlain(value)]));
  const job = withDefaults(own, context.defaults);
  if (wrong.length > 0) faults.addAll(wrong);
  // One without a value has been refused already.
  else if (given.some(isCommand)) faults.addAll(checkJob(job, at, context));
  return job;
}

/** Fields that exclude each other: of the step's own and a default, the own counts. */
const EXCLUDING: readonly (readonly [string, string])[] = [["delay", "run_at"]];

/** Variables are added to each other; of everything else, the step's own counts. */
function withDefaults(own: JobObject, defaults: JobObject): JobObject {
  const job = { ...defaults, ...own };
  for (const [one, other] of EXCLUDING) {
    if (one in own && !(other in own)) delete job[other];
    if (other in own && !(one in own)) delete job[one];
  }
  if (!("key" in job) && !("key_limit" in own)) delete job["key_limit"];
  if ("env" in own && "env" in defaults)
    job["env"] = { ...(defaults["env"] as object), ...(own["env"] as object) };
  return job;
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
      `The field "${faults.nameOf(entry.key)}" takes names of steps, not ${describeValue(name)}`,
      hint,
    );
    return [];
  });
}

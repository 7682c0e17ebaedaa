import { stepsInTheWay } from "../domain/flow-state.ts";
import type { Job, JobState } from "../domain/job.ts";
import type { LimitGate, StartGate } from "../domain/start-gate.ts";
import type { GroupRecord, Store } from "../store/store.ts";
import { type Explanation, explainJob, explainLimit, type SeenWorker } from "./explain.ts";
import { readSteps, type StepStatus, standingSteps } from "./flow.ts";

/** Why an array, a flow or the runs of a schedule do not go on. */
export interface GroupExplanation {
  group: GroupRecord;
  /** How many of its jobs may run at once, as the claim would judge it now; null where nobody has set that. */
  gate: (StartGate & LimitGate) | null;
  /** The first few that wait; of a flow, of those steps that hold up others. */
  jobs: HeldJob[];
}

export interface HeldJob extends Explanation {
  /** Of a flow: how many steps wait behind it. */
  behind: number;
}

/** More than a screen holds, nobody reads. */
const MOST_JOBS = 3;

const MOST_HOLDERS = 5;

/** In this order: what only waits for its turn tells most of what the others wait for. */
const WAITING: readonly JobState[] = ["pending", "failed", "blocked"];

export async function explainGroup(
  store: Store,
  group: GroupRecord,
  seen: { workers: readonly SeenWorker[]; now: number },
): Promise<GroupExplanation> {
  const found = await (group.kind === "flow" ? stepsOf(store, group) : waitingOf(store, group.id));
  const jobs: HeldJob[] = [];
  for (const { job, behind } of found) jobs.push({ ...(await explainJob(store, job, seen)), behind });
  return { group, gate: await ownGate(store, group, seen.now), jobs };
}

interface Found {
  job: Job;
  behind: number;
}

async function waitingOf(store: Store, group: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const state of WAITING)
    for (const job of await firstJobs(store, { group, state }, MOST_JOBS - found.length))
      found.push({ job, behind: 0 });
  return found;
}

async function stepsOf(store: Store, group: GroupRecord): Promise<Found[]> {
  const { steps } = await readSteps(store, group);
  const byName = new Map(steps.map((step): [string, StepStatus] => [step.name, step]));
  return stepsInTheWay(standingSteps(steps), MOST_JOBS).flatMap(({ name, behind }) => {
    const step = byName.get(name);
    return step ? [{ job: step.job, behind }] : [];
  });
}

async function ownGate(
  store: Store,
  { id, maxRunning, counts }: GroupRecord,
  now: number,
): Promise<GroupExplanation["gate"]> {
  if (maxRunning === null) return null;
  const running = await firstJobs(store, { group: id, state: "processing" }, MOST_HOLDERS);
  return explainLimit(
    {
      scope: "group",
      name: id,
      state: "open",
      maxRunning,
      running: counts.processing,
      rate: null,
      paceStartAt: null,
      holders: running.map((job) => job.id),
    },
    now,
  );
}

/** The first so many, in order of arrival. */
async function firstJobs(
  store: Store,
  filter: { group: string; state: JobState },
  most: number,
): Promise<Job[]> {
  const jobs: Job[] = [];
  if (most <= 0) return jobs;
  for await (const job of store.listJobs(filter)) {
    jobs.push(job);
    if (jobs.length === most) break;
  }
  return jobs;
}

import { type Judgement, judgeDependency } from "../domain/dependency.ts";
import { isFinished, JOB_STATES, type Job, type JobState } from "../domain/job.ts";
import type { Root, StartGate } from "../domain/start-gate.ts";
import type { JobWaits, StandingGroup, Store } from "../store/store.ts";

type Truth = Pick<Store, "getJob" | "readWaits">;

/** Those that wait, and what they wait for in turn. Of a finished job only what it died of is of interest. */
export async function explainDependencies(
  store: Truth,
  job: Pick<Job, "state">,
  { dependencies, groups }: Pick<JobWaits, "dependencies" | "groups">,
): Promise<StartGate[]> {
  const roots = new Roots(store);
  // Who was let go stays so, should one of them be brought back.
  const isHeld = job.state === "blocked" || isFinished(job.state);
  const gates: StartGate[] = [];
  for (const { on, condition, state } of dependencies) {
    const judgement = judgeDependency(condition, state);
    const root = judgement === "met" ? null : await roots.of(on, state);
    const isClosed = isHeld && judgement !== "met";
    gates.push({ kind: "dependency", isClosed, on, condition, state, judgement, root });
  }
  for (const group of groups) {
    const { on, condition, unmet } = group;
    const counts = judgeGroup(group);
    const [first] = unmet;
    const root = first ? await roots.of(first.id, first.state) : null;
    const isClosed = isHeld && unmet.length > 0;
    gates.push({ kind: "group_dependency", isClosed, on, condition, counts, unmet, root });
  }
  return isFinished(job.state) ? gates.filter(isImpossible) : gates;
}

function isImpossible(gate: StartGate): boolean {
  if (gate.kind === "group_dependency") return gate.counts.impossible > 0;
  return gate.kind === "dependency" && gate.judgement === "impossible";
}

function judgeGroup({ condition, counts }: StandingGroup): Record<Judgement, number> {
  const judged = { met: 0, waiting: 0, impossible: 0 };
  for (const state of JOB_STATES) judged[judgeDependency(condition, state)] += counts[state];
  return judged;
}

/** So many jobs are read to follow chains: an answer for people, about a job that may wait for thousands. */
const MOST_READ = 2_000;

/** Follows chains of jobs that wait for each other to where they begin. */
class Roots {
  readonly #store: Truth;
  #readsLeft = MOST_READ;

  constructor(store: Truth) {
    this.#store = store;
  }

  async of(id: string, state: JobState): Promise<Root | null> {
    if (state !== "blocked" && state !== "dead") return null;
    let root: Root | null = null;
    for (let next: string | undefined = id; next !== undefined; this.#readsLeft -= 1) {
      const job: Job | undefined = this.#readsLeft > 0 ? await this.#store.getJob(next) : undefined;
      if (!job) return null;
      if (job.id !== id) root = { id: job.id, state: job.state };
      next = await this.#firstUnmet(job);
    }
    return root;
  }

  /** What a job waits for, or died of. */
  async #firstUnmet(job: Job): Promise<string | undefined> {
    if (job.state !== "blocked" && job.reason !== "dependency") return undefined;
    const { dependencies, groups } = await this.#store.readWaits(job.seq);
    const unmet = [
      ...dependencies.map(({ on, condition, state }) => ({ id: on, condition, state })),
      ...groups.flatMap(({ condition, unmet: some }) => some.map((each) => ({ ...each, condition }))),
    ].map(({ id, condition, state }) => ({ id, how: judgeDependency(condition, state) }));
    return (unmet.find(({ how }) => how === "impossible") ?? unmet.find(({ how }) => how === "waiting"))?.id;
  }
}

import type { Truth } from "./truth.ts";

/** What holds of the tables at any moment, whatever came before. */
export function checkStanding(truth: Truth): void {
  checkClaims(truth);
  checkCounters(truth);
  checkHolders(truth);
}

/** At most one current claim: the newest execution, open; and of a job that does not run none is. */
function checkClaims(after: Truth): void {
  const histories = Map.groupBy(after.executions.values(), ({ job }) => job);
  for (const job of after.jobs.values()) {
    const history = histories.get(job.seq) ?? [];
    const open = history.filter(({ outcome }) => outcome === null);
    must(
      history.length === job.executions,
      `${job.id} has ${history.length} of ${job.executions} executions`,
    );
    if (job.state !== "processing") {
      must(open.length === 0, `${job.id} is ${job.state}, and an execution of it is open`);
      must(job.claim === null && job.worker === null, `${job.id} is ${job.state}, and somebody holds it`);
      continue;
    }
    const newest = history.at(-1);
    must(open.length === 1 && open[0] === newest, `${job.id} has ${open.length} open executions`);
    must(
      job.claim === newest?.token && job.worker === newest?.worker,
      `${job.id} has a claim that is not its newest`,
    );
  }
}

function checkCounters({ jobs, counters }: Truth): void {
  const counted = Map.groupBy(jobs.values(), ({ queue, state }) => `${queue} ${state}`);
  for (const { queue, state, jobs: count } of counters)
    must(
      counted.get(`${queue} ${state}`)?.length === count,
      `${count} jobs of ${queue} are said to be ${state}`,
    );
  must(counters.length === counted.size, "a state is not counted");
}

/** A suspect has its worker to itself. */
function checkHolders({ jobs }: Truth): void {
  const running = [...jobs.values()].filter(({ state }) => state === "processing");
  for (const [worker, held] of Map.groupBy(running, (job) => job.worker))
    if (held.some(({ suspicion }) => suspicion !== null))
      must(held.length === 1, `${worker} runs a suspect beside others`);
}

export function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

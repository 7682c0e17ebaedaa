import { ENDED, isBehind, judgementsOf, type Truth } from "./truth.ts";

/** What holds of the tables at any moment, whatever came before. */
export function checkStanding(truth: Truth): void {
  checkClaims(truth);
  checkCounters(truth);
  checkHolders(truth);
  checkGates(truth);
  checkBlocked(truth);
  checkUnique(truth);
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

/** What runs behind each gate is kept, not counted: it must be what one would count. */
function checkGates({ jobs, gates }: Truth): void {
  const running = [...jobs.values()].filter(({ state }) => state === "processing");
  for (const gate of gates) {
    const count = running.filter((job) => isBehind(gate, job)).length;
    must(gate.running === count, `${gate.running} of ${count} jobs are said to run behind ${gate.name}`);
  }
}

/** Who is blocked waits for something, and for nothing in vain. */
function checkBlocked(truth: Truth): void {
  for (const job of truth.jobs.values()) {
    if (job.state !== "blocked") continue;
    const judgements = judgementsOf(job, truth);
    must(judgements.includes("waiting"), `${job.id} is blocked, and waits for nothing`);
    must(!judgements.includes("impossible"), `${job.id} waits for what can no longer be`);
  }
}

/** Of each unique name at most one job is unfinished. */
function checkUnique({ jobs }: Truth): void {
  const unfinished = [...jobs.values()].filter(({ state }) => !ENDED.has(state));
  for (const [name, same] of Map.groupBy(unfinished, (job) => job.unique_name))
    must(name === null || same.length === 1, `${same.length} jobs of the unique name ${name} are unfinished`);
}

export function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

import type { Job } from "../../domain/job.ts";
import { lastLines } from "../../queue/info-json.ts";
import type { Store } from "../../store/store.ts";
import { seeWorkers } from "../../worker/observe-workers.ts";
import type { Expectation } from "./steps.ts";

/** A fact as the store tells it, beside what it should be. */
export interface Observation {
  isMet: boolean;
  /** What should be so, and what is. */
  wanted: string;
  found: string;
  /** The job that the fact is about. */
  job?: Job | undefined;
}

/** Looks into the store whether a fact holds. */
export async function observe(store: Store, expected: Expectation): Promise<Observation> {
  switch (expected.kind) {
    case "setting": {
      const value = (await store.readSettings())[expected.key] ?? "not set";
      return compare(`${expected.key} ${expected.value}`, `${expected.key} ${value}`);
    }
    case "workers": {
      const living = seeWorkers(await store.listWorkers()).filter(({ isAlive }) => isAlive);
      return compare(`${expected.count} active workers`, `${living.length} active workers`);
    }
    case "job":
      return await observeJob(store, expected);
  }
}

async function observeJob(
  store: Store,
  expected: Extract<Expectation, { kind: "job" }>,
): Promise<Observation> {
  const { id, state, executions, reason = null, printed = "" } = expected;
  const job = await store.getJob(id);
  const wanted = tellJob({ id, state, reason, executions, printed });
  if (!job) return { isMet: false, wanted, found: `no job ${id}` };
  const said = await lastOutput(store, job);
  const isMet =
    job.state === state &&
    job.executions === executions &&
    (reason === null || job.reason === reason) &&
    said.includes(printed);
  return { isMet, wanted, found: tellJob({ ...job, printed: said }), job };
}

/** What the newest execution printed, on whichever stream. */
async function lastOutput(store: Store, job: Job): Promise<string> {
  const output = (await store.listExecutions(job.seq)).at(-1)?.output;
  return lastLines(output?.stdout.tail) + lastLines(output?.stderr.tail);
}

function tellJob(job: Pick<Job, "id" | "state" | "reason" | "executions"> & { printed: string }): string {
  const state = job.reason === null ? job.state : `${job.state} (${job.reason})`;
  const output = job.printed === "" ? "" : `, output ${JSON.stringify(job.printed)}`;
  return `job ${job.id} ${state}, executions ${job.executions}${output}`;
}

function compare(wanted: string, found: string): Observation {
  return { isMet: wanted === found, wanted, found };
}

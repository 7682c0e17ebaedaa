import { QueuectlError } from "../domain/errors.ts";
import { MIN_PREFIX_LENGTH } from "../domain/id.ts";
import type { Job } from "../domain/job.ts";
import { didYouMean, suggest } from "../domain/suggest.ts";
import type { GroupRecord, Store } from "../store/store.ts";

/** How many candidates an ambiguous prefix names. */
const MOST_CANDIDATES = 10;

/** Among how many jobs a mistyped id is looked for. */
const MOST_LOOKED_AT = 200;

/**
 * The job that a reading verb means: by its exact id, by a unique prefix of at least four characters, or the newest
 * one (`@last`). An exact match always wins.
 * @throws job_not_found, ambiguous_id with the candidates
 */
export async function findJob(store: Store, reference: string): Promise<Job> {
  if (reference === "@last") return await findLast(store);
  const exact = await store.getJob(reference);
  if (exact) return exact;
  await refuseGroup(store, reference);
  const ids =
    reference.length >= MIN_PREFIX_LENGTH ? await store.findIds(reference, MOST_CANDIDATES + 1) : [];
  const [only, ...others] = ids;
  if (only === undefined) throw jobNotFound(reference, await nearIds(store, reference));
  if (others.length > 0) throw ambiguous(reference, ids);
  return (await store.getJob(only)) ?? Promise.reject(jobNotFound(reference, []));
}

/**
 * The group of exactly this id: an array, a flow, the runs of a schedule.
 * @throws job_not_found
 */
export async function requireGroup(store: Store, id: string): Promise<GroupRecord> {
  const group = await store.getGroup(id);
  if (group) return group;
  throw new QueuectlError("job_not_found", `There is no array, flow or schedule "${id}"`, {
    hint: "A job names the one that it belongs to: queuectl info ID",
  });
}

/**
 * The job of exactly this id.
 * @throws job_not_found naming what might have been meant
 */
export async function requireJob(store: Store, id: string): Promise<Job> {
  const job = await store.getJob(id);
  if (job) return job;
  await refuseGroup(store, id);
  if (id === "@last") await refuseLast(store);
  const longer = id.length >= MIN_PREFIX_LENGTH ? await store.findIds(id, 3) : [];
  if (longer.length > 0)
    throw jobNotFound(id, longer, " A verb that changes something takes whole ids only.");
  throw jobNotFound(id, await nearIds(store, id));
}

/** Who says `@last` may not have seen what has come since. */
async function refuseLast(store: Store): Promise<void> {
  const last = await findLast(store);
  throw new QueuectlError("job_not_found", 'There is no job "@last"', {
    hint: `A verb that changes something takes whole ids only. The last job: ${last.id}`,
  });
}

async function findLast(store: Store): Promise<Job> {
  for await (const job of store.listJobs({ newest: 1 })) return job;
  throw new QueuectlError("job_not_found", "There is no last job: the queue is empty", {
    hint: 'Add one: queuectl enqueue "echo hello"',
  });
}

/** Who names a group where one job is needed is not to be told of jobs whose ids begin like that. */
async function refuseGroup(store: Store, id: string): Promise<void> {
  const group = await store.getGroup(id);
  if (group)
    throw new QueuectlError("job_not_found", `"${id}" is no job, but a group of them (${group.kind})`, {
      refusal: { kind: "group_for_job", id },
    });
}

async function nearIds(store: Store, id: string): Promise<string[]> {
  return suggest(id, await newestIds(store));
}

/** Among which a mistyped id is looked for: what people mistype, they have just read. */
export async function newestIds(store: Store): Promise<string[]> {
  const ids: string[] = [];
  for await (const job of store.listJobs({ newest: MOST_LOOKED_AT })) ids.push(job.id);
  return ids;
}

function jobNotFound(id: string, near: readonly string[], rule = ""): QueuectlError {
  const question = didYouMean(near);
  return new QueuectlError("job_not_found", `There is no job "${id}"`, {
    hint: question && `${question}${rule}`,
    refusal: { kind: "no_such_job", id },
  });
}

/** @param ids those that are most likely meant first; of more than ten, some more */
export function ambiguous(prefix: string, ids: readonly string[]): QueuectlError {
  const more = ids.length > MOST_CANDIDATES ? " and more" : "";
  return new QueuectlError("ambiguous_id", `The id "${prefix}" is ambiguous`, {
    hint: `It could be ${ids.slice(0, MOST_CANDIDATES).join(", ")}${more}.`,
  });
}

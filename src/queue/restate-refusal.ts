import { type ErrorCode, QueuectlError } from "../domain/errors.ts";
import type { Store } from "../store/store.ts";

/** Refusals by a store that name the job itself, and name it first. */
const NAMING: readonly ErrorCode[] = ["not_unique", "unknown_dependency", "queue_draining"];

/**
 * A store names a job by its id. Who gave none has never seen it, and will not: such a one is "the job".
 * @param hasNewId by position, which of the jobs got theirs here
 */
export async function restateRefusal(
  error: unknown,
  store: Pick<Store, "getJob">,
  hasNewId: readonly boolean[],
): Promise<unknown> {
  if (!(error instanceof QueuectlError) || error.position === undefined) return error;
  const { code, position, hint } = error;
  const message = NAMING.includes(code) && hasNewId[position - 1] ? nameNoJob(error.message) : error.message;
  const [, tried, other = "", unique] =
    (code === "not_unique" &&
      /^(.+?): the job "(.+?)" of the unique name (".+") is unfinished$/.exec(message)) ||
    [];
  // One of the same list, which is not stored either.
  if (unique !== undefined && (await store.getJob(other)) === undefined)
    return new QueuectlError(code, `${tried}: the unique name ${unique} stands twice in the list`, {
      hint: "Nothing was enqueued. Leave all but one of them out.",
      position,
    });
  return message === error.message ? error : new QueuectlError(code, message, { hint, position });
}

/** The first job that a sentence names, without its id. */
function nameNoJob(message: string): string {
  return message.replace(/([Tt])he job "[^"]*"/, "$1he job");
}

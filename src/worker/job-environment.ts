import type { GroupKind } from "../domain/group.ts";
import type { Job } from "../domain/job.ts";
import { isSecretName } from "../domain/secrets.ts";
import type { Claim } from "../store/store.ts";
import { TREE_MARKER, treeMarker } from "./process-tree.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a job's command sees: the worker's variables, the job's own over them, and who it is. queuectl's own secrets
 * stay out, the user's come along.
 */
export function jobEnvironment(
  claim: Claim,
  store: { name: string; id: string },
  worker: Environment,
): Environment {
  return {
    ...withoutOwn(worker),
    ...claim.job.env,
    QUEUECTL_JOB_ID: claim.job.id,
    QUEUECTL_ATTEMPT: String(claim.number),
    QUEUECTL_JOB_QUEUE: claim.job.queue,
    ...groupVariables(claim.job),
    QUEUECTL_DB: store.name,
    [TREE_MARKER]: treeMarker(store.id, claim.token),
  };
}

/**
 * Which member of an array, or which run of a schedule, it is: a script that is late must know for which day it makes the
 * report. A job that is neither must not believe that it is, because the worker's own was one.
 */
function groupVariables({ group }: Job): Environment {
  const ofKind = (kind: GroupKind) => (group?.kind === kind ? group : null);
  const [array, schedule] = [ofKind("array"), ofKind("schedule")];
  return {
    QUEUECTL_ARRAY_ID: array?.id,
    QUEUECTL_ARRAY_INDEX: array?.member,
    QUEUECTL_SCHEDULE: schedule?.id,
    QUEUECTL_SCHEDULED_AT: schedule?.member,
  };
}

/** Says for one process whose child it is (`queuectl.js`): not true of any job. */
const SHIM_PID = "QUEUECTL_SHIM_PID";

function withoutOwn(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => name !== SHIM_PID && !(name.startsWith("QUEUECTL_") && isSecretName(name)),
    ),
  );
}

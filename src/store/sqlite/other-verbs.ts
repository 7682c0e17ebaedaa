/** The verbs that only workers, and people who change what is there, need. */
export { cancelJobs } from "./cancel.ts";
export { changeMark } from "./change-mark.ts";
export { changeMembers } from "./change-members.ts";
export { changeQueue } from "./change-queue.ts";
export { claimJobs } from "./claim.ts";
export { finish } from "./finish.ts";
export { getGroup, listGroups } from "./groups.ts";
export { changeKey, countBehindKeys, listKeys } from "./keys.ts";
export { claimReplacement } from "./pools.ts";
export { rebaseWaits } from "./rebase-waits.ts";
export { declareDead, listOrphans, recoverJobs } from "./recover.ts";
export { removeDead, retryJobs } from "./requeue.ts";
export {
  countExpired,
  findStrayOutput,
  pruneOutput,
  removeExpired,
  takeRetentionTurn,
} from "./retain.ts";
export { countAhead, isHeldBack, listQueues, readWaits } from "./waits.ts";
export { heartbeat, markStopping, registerWorker, removeWorker, requestStop } from "./workers.ts";

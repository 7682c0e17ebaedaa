import type { NewGroup } from "../../domain/group.ts";
import type { NewJob } from "../../domain/job.ts";
import type { JobFilter, NewWorker, StopRequest, Store } from "../store.ts";
import { cancelJobs } from "./cancel.ts";
import { claimJobs } from "./claim.ts";
import type { Clock } from "./clock.ts";
import { corrupt, type Database } from "./database.ts";
import { enqueue } from "./enqueue.ts";
import { finish } from "./finish.ts";
import { changeQueue } from "./gates.ts";
import { getGroup, listGroups } from "./groups.ts";
import { claimReplacement } from "./pools.ts";
import * as query from "./query.ts";
import { rebaseWaits } from "./rebase-waits.ts";
import { declareDead, listOrphans, recoverJobs } from "./recover.ts";
import { removeDead, retryJobs } from "./requeue.ts";
import * as retain from "./retain.ts";
import { readSettings, writeSetting } from "./settings.ts";
import { isHeldBack, listQueues, readWaits } from "./waits.ts";
import { onRing, ring } from "./wakeups.ts";
import * as workers from "./workers.ts";

/** Not with the rest: an enqueue, whose time is that of its program's reading, has nothing to do with them. */
const schedules = () => import("./schedules.ts");

/** The contract over one SQLite file. Each verb stands in the file of its name; here they are only put together. */
export async function sqliteStore(db: Database, clock: Clock): Promise<Store> {
  const id = await readStoreId(db);
  const ringing = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    ring(db.path);
    return result;
  };
  return {
    name: db.path,
    id,
    enqueue: (jobs: Iterable<NewJob> | AsyncIterable<NewJob>, group?: NewGroup) =>
      ringing(enqueue(db, jobs, group)),
    claim: (request) => db.write(() => claimJobs(db, request)),
    finish: async (worker, results, next) => {
      const { hasReleased, ...receipt } = await finish(db, worker, results, next);
      // A job given back or let go on is due at once, and this worker may be busy, on its way out, or not of its queue.
      if (hasReleased || results.some(({ transition }) => transition.to === "pending")) ring(db.path);
      return receipt;
    },
    schedules: {
      put: async (schedule, options) => ringing((await schedules()).put(db, schedule, options)),
      get: async (name) => (await schedules()).get(db, name),
      list: async () => (await schedules()).list(db),
      due: async (now) => (await schedules()).due(db, now),
      setPaused: async (name, change) => ringing((await schedules()).setPaused(db, name, change)),
      remove: async (name) => (await schedules()).remove(db, name),
      fire: async (firing) => {
        const fired = await (await schedules()).fire(db, firing);
        if (fired?.some(({ outcome }) => outcome === "fired")) ring(db.path);
        return fired;
      },
      history: async (name, limit) => (await schedules()).history(db, name, limit),
    },
    isHeldBack: (queues) => isHeldBack(db, queues),
    readWaits: (seq) => readWaits(db, seq),
    getGroup: (groupId) => getGroup(db, groupId),
    listGroups: (filter) => listGroups(db, filter),
    changeQueue: (name, change) => ringing(changeQueue(db, name, change)),
    listQueues: () => listQueues(db),
    rebaseWaits: (now) => ringing(rebaseWaits(db, now)),
    cancelJobs: (ids, now) => ringing(cancelJobs(db, ids, now)),
    retryJobs: (ids, options) => ringing(retryJobs(db, ids, options)),
    removeDead: (ids) => removeDead(db, ids),
    getJob: (jobId) => query.getJob(db, jobId),
    findIds: (prefix, limit) => query.findIds(db, prefix, limit),
    listJobs: (filter?: JobFilter) => query.listJobs(db, filter),
    listExecutions: (seq) => query.listExecutions(db, seq),
    counts: (queues) => query.counts(db, queues),
    activity: (now) => query.activity(db, now),
    registerWorker: (worker: NewWorker, now) => workers.registerWorker(db, clock, worker, now),
    heartbeat: (worker, lease) => workers.heartbeat(db, clock, worker, lease),
    listWorkers: () => workers.listWorkers(db, clock),
    requestStop: (ids, request: StopRequest) => ringing(workers.requestStop(db, ids, request)),
    markStopping: (worker) => workers.markStopping(db, worker),
    declareDead: (worker, seenHeartbeat) => declareDead(db, worker, seenHeartbeat),
    recoverJobs: (worker, options) => ringing(recoverJobs(db, clock, worker, options)),
    listOrphans: () => listOrphans(db),
    claimReplacement: (claim) => claimReplacement(db, clock, claim),
    removeWorker: (worker) => workers.removeWorker(db, worker),
    countExpired: (expired) => retain.countExpired(db, expired),
    removeExpired: (expired, limit) => retain.removeExpired(db, expired, limit),
    pruneOutput: (request) => retain.pruneOutput(db, request),
    findStrayOutput: (tokens, before) => retain.findStrayOutput(db, tokens, before),
    takeRetentionTurn: (now, everyMs) => retain.takeRetentionTurn(db, now, everyMs),
    readSettings: () => readSettings(db),
    writeSetting: (key, value) => writeSetting(db, key, value),
    onWakeup: (listener) => onRing(db.path, listener),
    close: async () => db.close(),
  };
}

async function readStoreId(db: Database): Promise<string> {
  const row = await db.read(() => db.prepare("SELECT id FROM store").get());
  // Written with the schema, in one transaction: only damage can have taken it away.
  if (typeof row?.["id"] !== "string") throw corrupt(db.path);
  return row["id"];
}

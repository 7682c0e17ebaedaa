import type { NewGroup } from "../../domain/group.ts";
import type { NewJob } from "../../domain/job.ts";
import type { ClaimRequest, JobFilter, NewWorker, StopRequest, Store } from "../store.ts";
import type { Clock } from "./clock.ts";
import { corrupt, type Database } from "./database.ts";
import { enqueue } from "./enqueue.ts";
import { listWorkers } from "./list-workers.ts";
import * as query from "./query.ts";
import { readSettings, writeSetting } from "./settings.ts";
import { onRing, ring } from "./wakeups.ts";

/** What an enqueue, whose time is that of its program's reading, has nothing to do with. */
const others = once(() => import("./other-verbs.ts"));
const schedules = once(() => import("./schedules.ts"));

/** Loads at the first call: to import what is loaded already asks Node's loader all the same, which costs more than a query. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

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
    claim: async (request) => {
      const { claimJobs } = await others();
      const whenItBegins = afterWaiting(clock);
      return await db.write(() => claimJobs(db, whenItBegins(request)));
    },
    finish: async (worker, results, next) => {
      const { hasReleased, ...receipt } = await (await others()).finish(
        db,
        worker,
        results,
        next && { request: next, whenItBegins: afterWaiting(clock) },
      );
      // A job given back or let go on is due at once, and this worker may be busy, on its way out, or not of its queue.
      if (hasReleased || results.some(({ transition }) => transition.to === "pending")) ring(db.path);
      return receipt;
    },
    schedules: {
      put: async (schedule, replaces) => ringing((await schedules()).put(db, schedule, replaces)),
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
    isHeldBack: async (queues) => (await others()).isHeldBack(db, queues),
    readWaits: async (seq) => (await others()).readWaits(db, seq),
    countAhead: async (job, now) => (await others()).countAhead(db, job, now),
    getGroup: async (groupId) => (await others()).getGroup(db, groupId),
    listGroups: async (filter) => (await others()).listGroups(db, filter),
    changeQueue: async (name, change) => ringing((await others()).changeQueue(db, name, change)),
    listQueues: async (names) => (await others()).listQueues(db, names),
    changeKey: async (name, maxRunning) => ringing((await others()).changeKey(db, name, maxRunning)),
    listKeys: async (names) => (await others()).listKeys(db, names),
    countBehindKeys: async (atMost) => (await others()).countBehindKeys(db, atMost),
    rebaseWaits: async (now) => ringing((await others()).rebaseWaits(db, now, stopwatch(clock))),
    cancelJobs: async (ids, now) => ringing((await others()).cancelJobs(db, ids, now)),
    retryJobs: async (ids, options) => ringing((await others()).retryJobs(db, ids, options)),
    removeDead: async (ids, now) => (await others()).removeDead(db, ids, now),
    changeMembers: async (group, change) => ringing((await others()).changeMembers(db, group, change)),
    getJob: (jobId) => query.getJob(db, jobId),
    findIds: (prefix, limit) => query.findIds(db, prefix, limit),
    listJobs: (filter?: JobFilter) => query.listJobs(db, filter),
    listExecutions: (seq) => query.listExecutions(db, seq),
    counts: (queues) => query.counts(db, queues),
    activity: (now) => query.activity(db, now),
    registerWorker: async (worker: NewWorker, now) => (await others()).registerWorker(db, clock, worker, now),
    heartbeat: async (worker, lease) => (await others()).heartbeat(db, clock, worker, lease),
    listWorkers: () => listWorkers(db, clock),
    requestStop: async (ids, request: StopRequest) => ringing((await others()).requestStop(db, ids, request)),
    markStopping: async (worker) => (await others()).markStopping(db, worker),
    declareDead: async (worker, seenHeartbeat) => (await others()).declareDead(db, worker, seenHeartbeat),
    recoverJobs: async (worker, options) => ringing((await others()).recoverJobs(db, clock, worker, options)),
    listOrphans: async () => (await others()).listOrphans(db),
    claimReplacement: async (claim) => (await others()).claimReplacement(db, clock, claim),
    removeWorker: async (worker) => (await others()).removeWorker(db, worker),
    countExpired: async (expired) => (await others()).countExpired(db, expired),
    removeExpired: async (expired, limit) => (await others()).removeExpired(db, expired, limit),
    pruneOutput: async (request) => (await others()).pruneOutput(db, request),
    findStrayOutput: async (tokens, before) => (await others()).findStrayOutput(db, tokens, before),
    takeRetentionTurn: async (now, everyMs) => (await others()).takeRetentionTurn(db, now, everyMs),
    readSettings: () => readSettings(db),
    writeSetting: (key, value) => writeSetting(db, key, value),
    changeMark: async () => (await others()).changeMark(db),
    onWakeup: (listener) => onRing(db.path, listener),
    close: async () => db.close(),
  };
}

/**
 * A claim begins when its turn at the store comes, which may be long after it was asked for: a start that is dated before
 * it would let the next one start too soon under a rate.
 */
function afterWaiting(clock: Clock): (request: ClaimRequest) => ClaimRequest {
  const waitedMs = stopwatch(clock);
  return (request) => ({ ...request, now: request.now + Math.floor(waitedMs()) });
}

/** How long it is since now. */
function stopwatch(clock: Clock): () => number {
  const from = clock.monotonicMs();
  return () => clock.monotonicMs() - from;
}

async function readStoreId(db: Database): Promise<string> {
  const row = await db.read(() => db.prepare("SELECT id FROM store").get());
  // Written with the schema, in one transaction: only damage can have taken it away.
  if (typeof row?.["id"] !== "string") throw corrupt(db.path);
  return row["id"];
}

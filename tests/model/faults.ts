import type { Database } from "../../src/store/sqlite/database.ts";
import type { FinishedExecution } from "../../src/store/store.ts";
import type { Fault } from "./world.ts";

/**
 * Faults that others have shipped, each put in front of the real store. A model that does not find them would find
 * nothing. With each, what the laws must say of it.
 */
export const FAULTS: readonly [name: string, fault: Fault, says: RegExp][] = [
  [
    "a sweep that takes jobs back by their id alone, whoever holds them by then",
    (store, db) => {
      const seen = new Map<string, string[]>();
      return {
        ...store,
        declareDead: async (worker, heartbeats) => {
          const held = await store.declareDead(worker, heartbeats);
          if (held)
            seen.set(
              worker,
              held.map(({ jobId }) => jobId),
            );
          return held;
        },
        recoverJobs: async (worker, options) => {
          const taken = await store.recoverJobs(worker, options);
          for (const id of seen.get(worker ?? "") ?? [])
            db.prepare(
              "UPDATE jobs SET state = 'pending', claim = NULL, worker = NULL WHERE id = ? AND state = 'processing'",
            ).run(id);
          return taken;
        },
      };
    },
    /was changed by a recover that was not about it/,
  ],
  [
    "a finish that does not ask whether the claim is current",
    writingStale((db, { claim, transition }) => {
      const { to } = transition;
      db.prepare("UPDATE jobs SET state = ?, claim = NULL, worker = NULL WHERE id = ?").run(to, claim.job.id);
    }),
    /was changed by a finish that was not about it/,
  ],
  [
    "a cancel that does not ask whether the job has ended",
    (store, db) => ({
      ...store,
      cancelJobs: async (ids) => {
        for (const id of ids)
          db.prepare(
            "UPDATE jobs SET state = 'cancelled', reason = NULL, claim = NULL, worker = NULL WHERE id = ?",
          ).run(id);
        return [];
      },
    }),
    /to cancelled by a cancel|an execution of it is open/,
  ],
  [
    "a recovery that revives a job which was to be cancelled",
    (store, db) => ({
      ...store,
      recoverJobs: async (worker, options) => {
        const taken = await store.recoverJobs(worker, options);
        for (const { jobId, to } of taken)
          if (to === "cancelled") db.prepare("UPDATE jobs SET state = 'pending' WHERE id = ?").run(jobId);
        return taken;
      },
    }),
    /was to be cancelled, and is pending/,
  ],
  [
    "a heartbeat that revives a worker which was declared dead",
    (store, db) => ({
      ...store,
      heartbeat: async (worker, lease) => {
        db.prepare("UPDATE workers SET state = 'running' WHERE id = ?").run(worker);
        return await store.heartbeat(worker, lease);
      },
    }),
    /was dead, and its heart beats/,
  ],
  [
    "a retry of a job that runs",
    (store, db) => ({
      ...store,
      retryJobs: async (ids) => {
        for (const id of ids)
          db.prepare("UPDATE jobs SET state = 'pending', attempts = 0, reason = NULL WHERE id = ?").run(id);
      },
    }),
    /an execution of it is open|went from pending/,
  ],
  [
    "a late result that is written over the end of its execution",
    writingStale((db, { claim, outcome }) => {
      const write = db.prepare("UPDATE executions SET outcome = ? WHERE token = ? AND outcome IS NOT NULL");
      write.run(outcome.kind, claim.token);
    }),
    /ended twice/,
  ],
  [
    "a claim that forgets about suspects",
    (store, db) => ({
      ...store,
      claim: async (request) => {
        db.prepare("UPDATE jobs SET suspicion = NULL WHERE state IN ('pending', 'failed')").run();
        return await store.claim(request);
      },
    }),
    /crashes instead of|that was not about it/,
  ],
  [
    "a sweep that forgets the jobs of a worker without a row",
    (store) => ({
      ...store,
      recoverJobs: async (worker, options) =>
        worker === null ? [] : await store.recoverJobs(worker, options),
    }),
    /although nothing is left to do/,
  ],
];

/** A store that writes what it should have refused. */
function writingStale(write: (db: Database, result: FinishedExecution) => void): Fault {
  return (store, db) => ({
    ...store,
    finish: async (worker, results, next) => {
      const receipt = await store.finish(worker, results, next);
      for (const result of results) if (receipt.stale.includes(result.claim.token)) write(db, result);
      return receipt;
    },
  });
}

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
  [
    "a claim that counts at a gate only what ran before it",
    (store, db) => ({
      ...store,
      claim: async (request) => {
        const caps = db
          .prepare("SELECT scope, name, max_running FROM gates WHERE max_running > running")
          .all();
        const set = db.prepare("UPDATE gates SET max_running = ? WHERE scope = ? AND name = ?");
        for (const { scope = null, name = null } of caps) set.run(null, scope, name);
        const batch = await store.claim(request);
        for (const { scope = null, name = null, max_running = null } of caps)
          set.run(max_running, scope, name);
        return batch;
      },
    }),
    /jobs run behind/,
  ],
  [
    "a rate that counts from one full period to the next",
    (store, db) => ({
      ...store,
      claim: async (request) => {
        db.prepare(`
          DELETE FROM gate_starts WHERE EXISTS (
            SELECT 1 FROM gates WHERE scope = 'queue' AND name = gate_starts.queue
              AND at / rate_period_ms < ? / rate_period_ms)`).run(request.now);
        db.prepare("UPDATE lanes SET asleep_until = NULL").run();
        return await store.claim(request);
      },
    }),
    /started within a period/,
  ],
  [
    "a pause of which a claim does not hear",
    (store, db) => ({
      ...store,
      claim: async (request) => {
        const set = db.prepare("UPDATE gates SET state = ? WHERE state = ?");
        set.run("draining", "paused");
        db.prepare("UPDATE lanes SET asleep_until = NULL").run();
        const batch = await store.claim(request);
        set.run("paused", "draining");
        return batch;
      },
    }),
    /which is paused/,
  ],
  [
    "room at a gate of which those that were turned away do not hear",
    (store, db) => ({
      ...store,
      claim: async (request) => {
        const batch = await store.claim(request);
        db.prepare("UPDATE jobs SET parked_by = 'key:lost' WHERE parked_by IS NOT NULL").run();
        return batch;
      },
    }),
    /although nothing is left to do/,
  ],
  [
    "a dependant that is let go by the first of those it waits for",
    (store, db) => ({
      ...store,
      finish: async (worker, results, next) => {
        const receipt = await store.finish(worker, results, next);
        const release = db.prepare(`
          UPDATE jobs SET state = 'pending'
          WHERE state = 'blocked' AND seq IN (SELECT job FROM dependencies WHERE on_job = ?)`);
        for (const { claim } of results) if (!receipt.stale.includes(claim.token)) release.run(claim.job.seq);
        return receipt;
      },
    }),
    /before what it waits for/,
  ],
  [
    "an end of which those who wait for it do not hear",
    (store, db) => {
      db.exec("DROP TRIGGER jobs_unsettle");
      return store;
    },
    /waits for what can no longer be|is blocked, and waits for nothing/,
  ],
  [
    "a group that goes on after its last failure",
    (store, db) => {
      db.exec(`
        CREATE TRIGGER hope BEFORE UPDATE OF state ON jobs
        WHEN NEW.state = 'cancelled' AND NEW.error LIKE '%as many as may' BEGIN
          SELECT RAISE(IGNORE);
        END`);
      return store;
    },
    /although its group has failed/,
  ],
  [
    "a group that forgives a failure",
    (store, db) => {
      db.exec(`
        CREATE TRIGGER mercy BEFORE UPDATE OF fails ON job_groups WHEN NEW.fails > OLD.fails BEGIN
          SELECT RAISE(IGNORE);
        END`);
      return store;
    },
    /failures are counted of/,
  ],
  [
    "a unique name that is looked for only among the jobs that wait",
    (store, db) => {
      db.exec(`
        DROP INDEX jobs_unique;
        CREATE UNIQUE INDEX jobs_unique ON jobs (unique_name) WHERE unique_name IS NOT NULL AND state = 'pending'`);
      return store;
    },
    /of the unique name u are unfinished/,
  ],
  [
    "a claim whose clock is slow, and which starts what has expired",
    (store) => ({
      ...store,
      claim: async (request) => await store.claim({ ...request, now: request.now - 4_000 }),
    }),
    /was started after it had expired|nothing is said to be before it/,
  ],
  [
    "an explanation that takes every gate for full",
    (store) => ({
      ...store,
      readWaits: async (seq) => {
        const waits = await store.readWaits(seq);
        return { ...waits, gates: waits.gates.map((gate) => ({ ...gate, maxRunning: 1, running: 1 })) };
      },
    }),
    /was started, past queue/,
  ],
  [
    "an explanation that does not know what runs",
    (store) => ({
      ...store,
      readWaits: async (seq) => {
        const waits = await store.readWaits(seq);
        return { ...waits, gates: waits.gates.map((gate) => ({ ...gate, running: 0 })) };
      },
    }),
    /was not started, and nothing is said to be before it/,
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

import { join } from "node:path";
import type { StatementSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildJob, buildWorker } from "../../../tests/support/build-job.ts";
import { closeScenes, makeDirectory } from "../../../tests/support/conformance.ts";
import { TestTime } from "../../../tests/support/test-time.ts";
import { claimJobs } from "./claim.ts";
import { Database } from "./database.ts";
import { enqueue } from "./enqueue.ts";
import { migrate } from "./migrate.ts";
import * as query from "./query.ts";
import { declareDead, recoverJobs } from "./recover.ts";
import { registerWorker } from "./workers.ts";

/** Remembers what was asked of it. */
class RecordingDatabase extends Database {
  readonly asked = new Set<string>();

  override prepare(sql: string): StatementSync {
    this.asked.add(sql);
    return super.prepare(sql);
  }

  /** How SQLite goes about each query on jobs that was asked, one text a query. */
  plans(): string[] {
    const queries = [...this.asked].filter((sql) => /^\s*SELECT.*FROM jobs\b/s.test(sql));
    return queries.map((sql) => {
      const steps = super.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
      return steps.map(({ detail }) => detail).join("; ");
    });
  }
}

let db: RecordingDatabase;

beforeEach(async () => {
  db = new RecordingDatabase(join(await makeDirectory(), "queue.db"), { patienceMs: 0, readOnly: false });
  await migrate(db, { readOnly: false });
  await registerWorker(db, new TestTime(), buildWorker("w"), 1);
  await enqueue(
    db,
    Array.from({ length: 30 }, (_, index) =>
      buildJob({ queue: index % 2 ? "mail" : "media", priority: index % 3 }),
    ),
  );
  db.asked.clear();
});

afterEach(async () => {
  db.close();
  await closeScenes();
});

/** One job is lost with its worker, and so is a suspect. */
async function letOneBeLost(database: Database): Promise<void> {
  await registerWorker(database, new TestTime(), buildWorker("dead"), 1);
  await database.write(() =>
    claimJobs(database, { worker: "dead", limit: 1, queues: null, now: 1, outputLimitBytes: 1_024 }),
  );
  await declareDead(database, "dead", 0);
  await recoverJobs(database, new TestTime(), "dead", { now: 1, crashLimit: 3 });
}

describe("the plan of a claim", () => {
  test.each([
    ["any queue", null, ["jobs_suspect", "jobs_claimable"]],
    ["some queues", ["mail", "media"], ["jobs_suspect_by_queue", "jobs_claimable_by_queue"]],
  ] as const)(
    "over %s is a walk of the indexes of jobs that may be claimed, suspects apart",
    async (_, queues, indexes) => {
      await letOneBeLost(db);
      db.asked.clear();
      await db.write(() =>
        claimJobs(db, { worker: "w", limit: 10, queues, now: 1, outputLimitBytes: 1_024 }),
      );
      const [mayClaim, ...plans] = db.plans();
      expect(mayClaim).toMatch(/SEARCH jobs USING (COVERING )?INDEX jobs_suspect_held \(worker=\?\)/);
      // What runs is counted only because a suspect waits.
      const walks = plans.filter((plan) => !plan.includes("INDEX jobs_by_state (state=?)"));
      expect(walks).toHaveLength(6);
      for (const plan of walks) {
        expect(plan).toMatch(new RegExp(`^SEARCH jobs USING (COVERING )?INDEX (${indexes.join("|")}) \\(`));
        expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
      }
    },
  );
});

test("what people look at often is answered from an index, without a sort", async () => {
  await query.getJob(db, "a");
  await query.findIds(db, "abcd", 20);
  for (const filter of [{}, { state: "dead" }, { newest: 50 }, { state: "dead", newest: 50 }] as const)
    await Array.fromAsync(query.listJobs(db, filter));
  await query.activity(db, 1);
  const plans = db.plans();
  expect(plans.length).toBeGreaterThanOrEqual(6);
  for (const plan of plans)
    expect(plan).toMatch(/^SEARCH jobs USING (INTEGER PRIMARY KEY|(COVERING )?INDEX)[^;]*$/);
});

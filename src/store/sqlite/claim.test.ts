import { join } from "node:path";
import type { StatementSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildJob, buildWorker } from "../../../tests/support/build-job.ts";
import { closeScenes, makeDirectory } from "../../../tests/support/conformance.ts";
import { TestTime } from "../../../tests/support/test-time.ts";
import type { JobFilter } from "../store.ts";
import { changeQueue } from "./change-queue.ts";
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

  /** How SQLite goes about each statement that was asked and fits a pattern: the statement and one text. */
  plans(pattern: RegExp): { sql: string; steps: string[]; plan: string }[] {
    const queries = [...this.asked].filter((sql) => pattern.test(sql));
    return queries.map((sql) => {
      const rows = super.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
      const steps = rows.map(({ detail }) => String(detail));
      return { sql, steps, plan: steps.join("; ") };
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

/** Jobs before every kind of gate, in queues with everything that can be set, and some that have expired. */
async function addGatedJobs(database: Database): Promise<void> {
  await changeQueue(database, "paused", { state: "paused" });
  await changeQueue(database, "capped", { maxRunning: 1, rate: { starts: 2, periodMs: 1_000 } });
  const group = { id: "g", kind: "array", name: "x", maxRunning: 1, maxFails: 1, createdAt: 0 } as const;
  const member = (index: number) => ({ kind: "array", id: "g", member: `${index}` }) as const;
  await enqueue(database, [
    ...["paused", "capped", "capped"].map((queue) => buildJob({ queue })),
    ...[1, 2, 3].map((n) => buildJob({ queue: `q${n}`, key: "k" })),
    buildJob({ expiresAt: 1 }),
    buildJob({ id: "first" }),
    buildJob({ dependsOn: [{ on: "first", condition: "completed" }] }),
  ]);
  await enqueue(
    database,
    [1, 2, 3].map((index) => buildJob({ key: "k", group: member(index) })),
    group,
  );
}

describe("the plan of a claim", () => {
  test.each([
    ["any queue", null],
    ["some queues", ["default", "mail", "media", "paused", "capped", "q1"]],
  ] as const)("over %s reads nothing but what it seeks in an index", async (_, queues) => {
    await letOneBeLost(db);
    await addGatedJobs(db);
    db.asked.clear();
    const request = { worker: "w", limit: 200, queues, outputLimitBytes: 1_024 };
    for (const now of [1, 2]) await db.write(() => claimJobs(db, { ...request, now }));
    const plans = db.plans(/^\s*(SELECT|UPDATE|DELETE|INSERT INTO \w+ \(.*\)\s*SELECT)/s);
    const of = (table: string) =>
      plans.filter(({ sql }) => new RegExp(`(FROM|UPDATE) ${table}\\b`).test(sql));
    // One that is turned away at its key may have stood in the way of others of its array.
    expect(plans.some(({ sql }) => /UPDATE gates SET stirred = 1.*EXISTS/s.test(sql))).toBe(true);
    expect(of("jobs").length).toBeGreaterThanOrEqual(8);
    expect(of("lanes").length).toBeGreaterThanOrEqual(5);
    expect(of("gates").length).toBeGreaterThanOrEqual(4);
    const scans = plans.flatMap(({ sql, steps }) =>
      steps.filter((step) => step.startsWith("SCAN ")).map((step) => ({ sql, step })),
    );
    // What stands in an index made for the question is few; what there is to settle is read whole, as are SQLite's own few
    // numbers; and the workers, of whom there are few, only because a suspect waits.
    const few =
      /INDEX (gates_stirred|lanes_asleep|jobs_expiring|jobs_suspect)\b|SCAN (unsettled|sqlite_sequence|json_each|CONSTANT ROW)\b/;
    for (const { sql, step } of scans)
      if (!/FROM workers WHERE state/.test(sql)) expect(step, sql).toMatch(few);
    // Jobs that wait are never sorted: they come out of the index in their order. What runs is counted beside a suspect.
    for (const { sql, plan } of of("jobs"))
      if (!/GROUP BY worker/.test(sql)) expect(plan, sql).not.toMatch(/TEMP B-TREE/);
  });
});

test("what people look at often is answered from an index, without a sort", async () => {
  await query.getJob(db, "a");
  await query.findIds(db, "abcd", 20);
  for (const filter of [{}, { state: "dead" }, { newest: 50 }, { state: "dead", newest: 50 }] as const)
    await Array.fromAsync(query.listJobs(db, filter));
  await query.activity(db, 1);
  await Array.fromAsync(query.listJobs(db, { group: "g", newest: 5 }));
  await Array.fromAsync(query.listJobs(db, { group: "g", state: "dead" }));
  const plans = db.plans(/^\s*SELECT.*FROM jobs\b/s);
  expect(plans.length).toBeGreaterThanOrEqual(9);
  for (const { plan } of plans)
    expect(plan).toMatch(/^SEARCH jobs USING (INTEGER PRIMARY KEY|(COVERING )?INDEX)[^;]*$/);
});

test("jobs of some queues are looked for stretch by stretch, in order of arrival and without a sort", async () => {
  for (const filter of [{}, { state: "pending" }, { group: "g" }, { group: "g", state: "dead" }] as const)
    for (const newest of [undefined, 5])
      await Array.fromAsync(query.listJobs(db, { ...filter, queues: ["mail"], newest }));
  const plans = db.plans(/^\s*SELECT.*FROM jobs\b.*json_each/s);
  expect(plans.length).toBeGreaterThanOrEqual(5);
  for (const { sql, plan } of plans) {
    expect(plan, sql).toMatch(
      /^SEARCH jobs USING (INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)|INDEX \w+ \([^;]*rowid>\? AND rowid<\?\)|(COVERING )?INDEX \w+ \([^;]*seq>\? AND seq<\?\)); LIST SUBQUERY 1; SCAN json_each/,
    );
    expect(plan, sql).not.toMatch(/TEMP B-TREE/);
  }
});

test("those of a rare queue are found among many others, with gaps between", async () => {
  const common = Array.from({ length: 21_000 }, () => buildJob({}));
  const rare = (id: string) => buildJob({ id, queue: "rare" });
  await enqueue(db, [rare("r1"), ...common, rare("r2")]);
  await db.write(() => db.prepare("DELETE FROM jobs WHERE queue = 'default' AND seq > 10000").run());
  await enqueue(db, [rare("r3")]);
  const ids = async (filter: JobFilter) =>
    (await Array.fromAsync(query.listJobs(db, filter))).map(({ id }) => id);
  expect(await ids({ queues: ["rare"] })).toEqual(["r1", "r2", "r3"]);
  expect(await ids({ queues: ["rare"], newest: 2 })).toEqual(["r2", "r3"]);
  expect(await ids({ queues: ["rare"], newest: 1, state: "pending" })).toEqual(["r3"]);
  expect(await ids({ queues: ["default"], newest: 9_000 })).toHaveLength(9_000);
});

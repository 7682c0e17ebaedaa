import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildResult, heldClaim } from "../../../tests/support/build-job.ts";
import { closeScenes, openSqliteScene, type Scene } from "../../../tests/support/conformance.ts";
import { JOB_STATES } from "../../domain/job.ts";

/** What a person does to the tables by hand, as the documentation allows: everything kept beside them stays true. */
let scene: Scene;
let hand: DatabaseSync;

beforeEach(async () => {
  scene = await openSqliteScene();
  hand = new DatabaseSync(scene.store.name, { timeout: 5_000 });
});

afterEach(async () => {
  hand.close();
  await closeScenes();
});

test("a state that is changed by hand is counted", async () => {
  await scene.enqueue({ id: "a" }, { id: "b", queue: "mail" }, { id: "c", queue: "mail" });
  hand.exec("UPDATE jobs SET state = 'dead' WHERE queue = 'mail'");
  expect(await scene.store.counts(null)).toMatchObject({ pending: 1, dead: 2 });
  expect(await scene.store.counts(["mail"])).toMatchObject({ pending: 0, dead: 2 });
  await expectTrueCounters();
});

test("a queue that is changed by hand is counted, with and without a change of state", async () => {
  await scene.enqueue({ id: "a" }, { id: "b" });
  hand.exec("UPDATE jobs SET queue = 'mail' WHERE id = 'a'");
  hand.exec("UPDATE jobs SET queue = 'media', state = 'cancelled' WHERE id = 'b'");
  expect(await scene.store.counts(["default"])).toMatchObject({ pending: 0 });
  expect(await scene.store.counts(["mail"])).toMatchObject({ pending: 1 });
  expect(await scene.store.counts(["media"])).toMatchObject({ pending: 0, cancelled: 1 });
  await expectTrueCounters();
});

test("jobs that are added or deleted by hand are counted, and their history goes with them", async () => {
  await scene.enqueue({ id: "a" }, { id: "b" });
  await scene.startWorker("w");
  await scene.finish("w", await scene.claimOne("w"));
  hand.exec(`
    INSERT INTO jobs (id, command, max_retries, due_at, created_at, updated_at) VALUES ('new', 'true', 3, 0, 0, 0);
    DELETE FROM jobs WHERE id = 'a';`);
  expect(await scene.store.counts(null)).toMatchObject({ pending: 2, completed: 0 });
  expect(await scene.store.listExecutions(1)).toEqual([]);
  await expectTrueCounters();
  expect((await scene.claim("w")).map(({ job }) => job.id)).toEqual(["b", "new"]);
});

test("a change that changes nothing is counted once", async () => {
  await scene.enqueue({ id: "a" });
  hand.exec("UPDATE jobs SET state = 'pending', queue = 'default'");
  hand.exec("INSERT OR IGNORE INTO jobs SELECT * FROM jobs");
  expect(await scene.store.counts(null)).toMatchObject({ pending: 1 });
  await expectTrueCounters();
});

test.each(JOB_STATES.filter((state) => state !== "pending"))(
  "a job that is made %s by hand was updated now",
  async (state) => {
    await scene.enqueue({ id: "a", createdAt: 1_000 });
    const before = Date.now();
    hand.prepare("UPDATE jobs SET state = ?").run(state);
    const job = await scene.store.getJob("a");
    expect(job?.updatedAt).toBeGreaterThanOrEqual(before);
    expect(job?.updatedAt).toBeLessThanOrEqual(Date.now());
  },
);

test("an updated_at that is given by hand is kept", async () => {
  await scene.enqueue({ id: "a", createdAt: 1_000 });
  hand.exec("UPDATE jobs SET state = 'dead', updated_at = 2000");
  expect(await scene.store.getJob("a")).toMatchObject({ updatedAt: 2_000 });
});

test("a state that is none is refused", async () => {
  await scene.enqueue({ id: "a" });
  expect(() => hand.exec("UPDATE jobs SET state = 'done'")).toThrow(/CHECK constraint/);
});

test.each([
  ["tags", "x"],
  ["tags", "{}"],
  ["env", "x"],
  ["env", "[]"],
  ["argv", '"echo"'],
])("a value that no program could read is refused: %s = '%s'", async (column, value) => {
  await scene.enqueue({ id: "a" });
  const before = await scene.store.getJob("a");
  expect(() => hand.prepare(`UPDATE jobs SET ${column} = ?`).run(value)).toThrow(
    /malformed JSON|CHECK constraint/,
  );
  expect(await scene.store.getJob("a")).toEqual(before);
});

test("a running job that is set to pending by hand is run again, and its first execution ends stale", async () => {
  await scene.enqueue({ id: "a" });
  await scene.startWorker("w");
  const first = await scene.claimOne("w");
  hand.exec("UPDATE jobs SET state = 'pending' WHERE id = 'a'");
  expect(await scene.store.heartbeat("w", { leaseMs: 15_000, now: scene.time.now() })).toMatchObject({
    held: [],
  });
  expect((await scene.finish("w", first)).stale).toEqual([first.token]);

  const second = await scene.claimOne("w");
  expect((await scene.finish("w", first)).stale).toEqual([first.token]);
  expect((await scene.finish("w", second)).stale).toEqual([]);
  expect(await scene.store.listExecutions(1)).toMatchObject([
    { number: 1, outcome: "lost" },
    { number: 2, outcome: "succeeded" },
  ]);
  await expectTrueCounters();
});

test("a running job that is ended by hand stays ended", async () => {
  await scene.enqueue({ id: "a" });
  await scene.startWorker("w");
  const claim = await scene.claimOne("w");
  hand.exec("UPDATE jobs SET state = 'cancelled' WHERE id = 'a'");
  expect((await scene.finish("w", claim)).stale).toEqual([claim.token]);
  expect(await scene.store.getJob("a")).toMatchObject({ state: "cancelled" });
});

/** The kept counters agree with a count of the jobs. */
async function expectTrueCounters(): Promise<void> {
  expect(countersOf("counters")).toEqual(countersOf("jobs"));
}

function countersOf(source: "counters" | "jobs"): unknown[] {
  const sql = {
    counters: "SELECT queue, state, jobs FROM counters WHERE jobs <> 0 ORDER BY queue, state",
    jobs: "SELECT queue, state, count(*) AS jobs FROM jobs GROUP BY queue, state ORDER BY queue, state",
  };
  return hand.prepare(sql[source]).all();
}

test("a dead job that is made pending by hand has all its retries again", async () => {
  await scene.enqueue({ id: "a", maxRetries: 0 });
  await scene.startWorker("w");
  const claim = await scene.claimOne("w");
  const transition = { to: "dead", attempts: 1, reason: "retries_spent" } as const;
  await scene.store.finish("w", [{ ...buildResult(claim, scene.time.now()), transition }]);
  hand.exec("UPDATE jobs SET state = 'pending' WHERE id = 'a'");
  expect(await scene.store.getJob("a")).toMatchObject({ state: "pending", attempts: 0, reason: null });
});

test("a job that is made pending by hand while it runs is nobody's, and keeps its count of failures", async () => {
  await scene.enqueue({ id: "a" });
  await scene.startWorker("w");
  await scene.claimOne("w");
  hand.exec("UPDATE jobs SET state = 'pending', attempts = 2 WHERE id = 'a'");
  expect(await scene.store.getJob("a")).toMatchObject({ state: "pending", attempts: 2, worker: null });
  expect(await scene.store.listWorkers()).toMatchObject([{ id: "w", held: [] }]);
});

test("the job of a worker whose row was deleted by hand is given back, and nothing is held against it", async () => {
  await scene.enqueue({ id: "a" }, { id: "b" });
  await scene.startWorker("w");
  await scene.startWorker("living");
  const claim = await scene.claimOne("w");
  await scene.claimOne("living");
  expect(await scene.store.listOrphans()).toEqual([]);
  hand.exec("DELETE FROM workers WHERE id = 'w'");
  expect(await scene.store.listOrphans()).toEqual([heldClaim(claim)]);

  const taken = await scene.store.recoverJobs(null, { now: scene.time.now(), crashLimit: 1 });
  expect(taken).toEqual([{ jobId: "a", to: "pending" }]);
  expect(await scene.store.getJob("a")).toMatchObject({ suspicion: null, worker: null });
  expect(await scene.store.getJob("b")).toMatchObject({ state: "processing", worker: "living" });
  expect((await scene.finish("w", claim)).stale).toEqual([claim.token]);
  expect(await scene.store.listExecutions(1)).toMatchObject([
    { outcome: "lost", late: { outcome: "succeeded" } },
  ]);
});

test("a job that is made processing by hand is nobody's, and so is given back, or cancelled", async () => {
  await scene.enqueue({ id: "a" }, { id: "b" });
  hand.exec("UPDATE jobs SET state = 'processing'");
  expect(await scene.store.cancelJobs(["b"], scene.time.now())).toEqual([]);
  expect(await scene.store.listOrphans()).toMatchObject([{ jobId: "a" }]);
  await scene.store.recoverJobs(null, { now: scene.time.now(), crashLimit: 1 });
  expect(await scene.store.getJob("a")).toMatchObject({ state: "pending" });
  expect(await scene.store.getJob("b")).toMatchObject({ state: "cancelled" });
  await expectTrueCounters();
});

test("a key that is given by hand lets one through at a time", async () => {
  await scene.enqueue({ id: "a" }, { id: "b" }, { id: "c" });
  await scene.startWorker("w");
  await scene.claim("w", { limit: 1 });
  hand.exec("UPDATE jobs SET limit_key = 'k'");
  hand.exec(`
    INSERT INTO jobs (id, command, limit_key, max_retries, due_at, created_at, updated_at)
    VALUES ('new', 'true', 'other', 3, 0, 0, 0), ('newer', 'true', 'other', 3, 0, 0, 0)`);
  expect(await scene.claimIds("w"), "a runs").toEqual(["new"]);
});

test.each([
  ["due_at", "9223372036854775807"],
  ["due_at", "-9223372036854775808"],
  ["priority", "9007199254740991"],
  ["run_at", "9007199254740991"],
  ["expires_at", "9223372036854775807"],
])("a number that would stop every worker is refused by hand: %s = %s", async (column, value) => {
  await scene.enqueue({ id: "a" });
  expect(() => hand.exec(`UPDATE jobs SET ${column} = ${value}`)).toThrow(/must lie between/);
  expect(() =>
    hand.exec(`
      INSERT INTO jobs (id, command, max_retries, due_at, ${column === "due_at" ? "run_at" : column}, created_at, updated_at)
      VALUES ('new', 'true', 3, ${value}, ${value}, 0, 0)`),
  ).toThrow(/must lie between/);
  await scene.startWorker("w");
  expect(await scene.claimIds("w")).toEqual(["a"]);
});

const SHELL = "/usr/bin/sqlite3";

/** It holds the tables to no foreign keys, and may be older than the SQLite that is in Node. */
describe.skipIf(!existsSync(SHELL))("in the sqlite3 shell", () => {
  const shell = (sql: string) => execFileSync(SHELL, [scene.store.name, sql]);

  test("a job whose state is changed was updated now", async () => {
    await scene.enqueue({ id: "a", createdAt: 1_000 });
    const before = Date.now();
    shell("UPDATE jobs SET state = 'completed'");
    const job = await scene.store.getJob("a");
    expect(job?.updatedAt).toBeGreaterThanOrEqual(before);
    expect(job?.updatedAt).toBeLessThanOrEqual(Date.now());
  });

  test("a job that is deleted is waited for no longer", async () => {
    await scene.enqueue({ id: "a" }, { id: "b", dependsOn: [{ on: "a", condition: "completed" }] });
    await scene.startWorker("w");
    shell("DELETE FROM jobs WHERE id = 'a'");
    expect(await scene.claimIds("w")).toEqual(["b"]);
    expect(hand.prepare("SELECT * FROM dependencies").all()).toEqual([]);
  });
});

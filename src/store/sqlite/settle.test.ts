import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildResult } from "../../../tests/support/build-job.ts";
import { closeScenes, openSqliteScene, type Scene } from "../../../tests/support/conformance.ts";
import { toDead } from "../../domain/transition.ts";

/** What a person does by hand has the same consequences as what a verb does, from the next claim on. */
let scene: Scene;
let hand: DatabaseSync;

beforeEach(async () => {
  scene = await openSqliteScene();
  hand = new DatabaseSync(scene.store.name, { timeout: 5_000 });
  await scene.startWorker("w");
});

afterEach(async () => {
  hand.close();
  await closeScenes();
});

test("a dependency that is completed by hand releases its dependants", async () => {
  await scene.enqueue({ id: "a" }, { id: "b", dependsOn: [after("a")] });
  hand.exec("UPDATE jobs SET state = 'completed' WHERE id = 'a'");
  expect(await scene.claimIds("w")).toEqual(["b"]);
});

test("a dependency that is killed by hand takes its dependants along, and revives them by hand", async () => {
  await scene.enqueue(
    { id: "a" },
    { id: "b", dependsOn: [after("a")] },
    { id: "c", dependsOn: [after("b")] },
  );
  hand.exec("UPDATE jobs SET state = 'dead', reason = 'policy' WHERE id = 'a'");
  expect(await scene.claimIds("w")).toEqual([]);
  expect(await scene.states("b", "c")).toEqual(["dead", "dead"]);
  hand.exec("UPDATE jobs SET state = 'pending' WHERE id = 'a'");
  expect(await scene.claimIds("w")).toEqual(["a"]);
  expect(await scene.states("b", "c")).toEqual(["blocked", "blocked"]);
});

test("a dependency that is deleted by hand is none any more", async () => {
  await scene.enqueue({ id: "a" }, { id: "x" }, { id: "b", dependsOn: [after("a"), after("x")] });
  hand.exec("PRAGMA foreign_keys = ON; DELETE FROM jobs WHERE id = 'a'");
  expect(await scene.claimIds("w")).toEqual(["x"]);
  expect(await scene.states("b")).toEqual(["blocked"]);
  hand.exec("DELETE FROM jobs WHERE id = 'x'");
  expect(await scene.claimIds("w")).toEqual(["b"]);
});

test("a job that is killed by hand counts for the limit of failures of its group", async () => {
  await scene.enqueueGroup({ maxFails: 1 }, { id: "a" }, { id: "b" });
  hand.exec("UPDATE jobs SET state = 'dead', reason = 'policy' WHERE id = 'a'");
  expect(await scene.claimIds("w")).toEqual([]);
  expect(await scene.states("a", "b")).toEqual(["dead", "cancelled"]);
});

test.each([
  ["ended", "UPDATE jobs SET state = 'completed', claim = NULL, worker = NULL WHERE id = 'a'"],
  ["deleted", "DELETE FROM jobs WHERE id = 'a'"],
  ["moved to another queue", "UPDATE jobs SET queue = 'other' WHERE id = 'a'"],
])("a running job that is %s by hand makes room in its queue", async (_, sql) => {
  await scene.store.changeQueue("default", { maxRunning: 1 });
  await scene.enqueue({ id: "a" }, { id: "b" });
  await scene.claim("w");
  expect(await scene.claim("w")).toEqual([]);
  hand.exec(sql);
  expect(await scene.claimIds("w")).toEqual(["b"]);
});

test.each([
  ["ended", "UPDATE jobs SET state = 'dead', claim = NULL, worker = NULL WHERE id = 'a'"],
  ["deleted", "DELETE FROM jobs WHERE id = 'a'"],
  ["given another key", "UPDATE jobs SET limit_key = 'other' WHERE id = 'a'"],
  ["freed of its key", "UPDATE jobs SET limit_key = NULL WHERE id = 'a'"],
])("a running job that is %s by hand makes room at its key", async (_, sql) => {
  await scene.enqueue({ id: "a", key: "k" }, { id: "b", key: "k" });
  await scene.claim("w");
  expect(await scene.claim("w")).toEqual([]);
  hand.exec(sql);
  expect(await scene.claimIds("w")).toEqual(["b"]);
});

test.each([
  ["a higher priority", "UPDATE jobs SET priority = 5 WHERE id = 'c'"],
  ["an earlier time", "UPDATE jobs SET due_at = -1 WHERE id = 'c'"],
])("a job that waits at a gate and is given %s by hand is the next", async (_, sql) => {
  await scene.enqueue(...["a", "b", "c"].map((id) => ({ id, key: "k" })));
  const claim = await scene.claimOne("w");
  expect(await scene.claim("w")).toEqual([]);
  hand.exec(sql);
  await scene.finish("w", claim);
  expect(await scene.claimIds("w", { limit: 1 })).toEqual(["c"]);
});

test("a job that waits at a gate and is moved to another queue by hand is claimed from there", async () => {
  await scene.enqueue({ id: "a", key: "k" }, { id: "b", key: "k" });
  const claim = await scene.claimOne("w");
  expect(await scene.claim("w")).toEqual([]);
  hand.exec("UPDATE jobs SET queue = 'mail' WHERE id = 'b'");
  await scene.finish("w", claim);
  expect(await scene.claimIds("w", { queues: ["mail"] })).toEqual(["b"]);
});

test("a job that waits at a key and is freed of it by hand starts at once", async () => {
  await scene.enqueue({ id: "a", key: "k" }, { id: "b", key: "k" }, { id: "c", key: "k" });
  expect(await scene.claimIds("w")).toEqual(["a"]);
  hand.exec("UPDATE jobs SET limit_key = NULL WHERE id = 'c'");
  expect(await scene.claimIds("w")).toEqual(["c"]);
});

test("a job that is revived by hand beside another of its unique name stays dead, and stops no claim", async () => {
  await scene.enqueue({ id: "a" }, { id: "b", unique: "u", dependsOn: [after("a")] });
  await scene.store.cancelJobs(["a"], scene.time.now());
  await scene.enqueue({ id: "other", unique: "u" });
  hand.exec("UPDATE jobs SET state = 'pending' WHERE id = 'a'");
  expect(await scene.claimIds("w")).toEqual(["a", "other"]);
  expect(await scene.states("b")).toEqual(["dead"]);
});

test("what a person changed by hand follows with the next verb, not only with the next claim", async () => {
  await scene.enqueue({ id: "a" }, { id: "b", dependsOn: [after("a")] }, { id: "x" });
  const claims = await scene.claim("w");
  const x = claims.find(({ job }) => job.id === "x");
  if (!x) throw new Error("x was to claim");
  hand.exec("UPDATE jobs SET state = 'completed', claim = NULL, worker = NULL WHERE id = 'a'");
  const how = { transition: toDead({ attempts: 1, reason: "policy" }) } as const;
  await scene.store.finish("w", [buildResult(x, scene.time.now(), how)]);
  expect(await scene.states("b")).toEqual(["pending"]);
});

function after(on: string) {
  return { on, condition: "completed" as const };
}

test("more dependants than are judged in one transaction are all let go, one transaction after the other", async () => {
  const dependants = Array.from({ length: 2_500 }, (_, n) => ({ id: `d${n}`, dependsOn: [after("first")] }));
  await scene.enqueue({ id: "first" }, ...dependants);
  await scene.finish("w", await scene.claimOne("w"));
  const claimed: number[] = [];
  let isQuiet = false;
  while (!isQuiet) {
    const now = scene.time.now();
    const { claims, nextDueAt } = await scene.store.claim(scene.claimRequest("w", { now, limit: 5_000 }));
    claimed.push(claims.length);
    isQuiet = nextDueAt === null || nextDueAt > now;
  }
  expect(claimed.reduce((sum, count) => sum + count)).toBe(2_500);
  expect(claimed.length).toBeGreaterThan(1);
});

test("a gate that is opened by hand is open", async () => {
  await scene.store.changeQueue("shut", { state: "paused" });
  await scene.enqueue({ id: "a", queue: "shut" }, { id: "b", key: "k" }, { id: "c", key: "k" });
  expect(await scene.claimIds("w")).toEqual(["b"]);
  hand.exec("UPDATE gates SET state = 'open', max_running = 5");
  expect((await scene.claimIds("w")).sort()).toEqual(["a", "c"]);
});

test("a key in many queues costs each end a few of them, and starves none", async () => {
  const queues = Array.from({ length: 30 }, (_, n) => `q${n}`);
  await scene.enqueue(...queues.flatMap((queue) => [1, 2].map(() => ({ queue, key: "k" }))));
  const order: string[] = [];
  for (
    let [held] = await scene.claim("w", { limit: 1 });
    held;
    [held] = await scene.claim("w", { limit: 1 })
  ) {
    order.push(held.job.queue);
    await scene.finish("w", held);
  }
  expect(order).toHaveLength(60);
  expect(new Set(order.slice(0, 40)).size).toBe(30);
});

function lanesAwake(): number {
  return hand.prepare("SELECT count(*) AS lanes FROM lanes WHERE asleep_until IS NULL").get()?.[
    "lanes"
  ] as number;
}

test("an end at a full queue wakes no more lanes than there is room for, however many priorities are in use", async () => {
  await scene.store.changeQueue("default", { maxRunning: 2 });
  await scene.enqueue(...Array.from({ length: 300 }, (_, n) => ({ id: `j${n}`, priority: n })));
  const claims = await scene.claim("w");
  expect(claims.map(({ job }) => job.id)).toEqual(["j299", "j298"]);
  expect(lanesAwake()).toBe(0);
  for (const [index, next] of ["j297", "j296"].entries()) {
    await scene.finish("w", claims.slice(index, index + 1));
    expect(lanesAwake()).toBe(1);
    expect(await scene.claimIds("w")).toEqual([next]);
    expect(lanesAwake()).toBe(0);
  }
});

test("a rate that opens wakes some lanes, and all are told when it opens next", async () => {
  await scene.store.changeQueue("default", { rate: { starts: 2, periodMs: 1_000 } });
  await scene.enqueue(...Array.from({ length: 300 }, (_, n) => ({ id: `j${n}`, priority: n })));
  const now = scene.time.now();
  const claim = async (at: number) => {
    const { claims, nextDueAt } = await scene.store.claim(scene.claimRequest("w", { now: at }));
    return { ids: claims.map(({ job }) => job.id), nextDueAt };
  };
  expect(await claim(now)).toEqual({ ids: ["j299", "j298"], nextDueAt: now + 1_000 });
  expect(await claim(now + 999)).toEqual({ ids: [], nextDueAt: now + 1_000 });
  expect(lanesAwake()).toBe(0);
  expect(await claim(now + 1_000)).toEqual({ ids: ["j297", "j296"], nextDueAt: now + 2_000 });
  expect(lanesAwake()).toBe(0);
});

test("a full queue of very many priorities holds up no claim for long, and the others not for ever", async () => {
  await scene.store.changeQueue("full", { maxRunning: 1 });
  await scene.enqueue({ id: "free", priority: -1 }, ...priorities(1_200));
  const claimed: string[][] = [];
  const now = scene.time.now();
  for (let next: number | null = now; next !== null && next <= now; ) {
    const { claims, nextDueAt } = await scene.store.claim(scene.claimRequest("w", { now }));
    claimed.push(claims.map(({ job }) => job.id));
    next = nextDueAt;
  }
  expect(claimed).toEqual([["j1199"], [], ["free"]]);
});

function priorities(count: number): { id: string; queue: string; priority: number }[] {
  return Array.from({ length: count }, (_, n) => ({ id: `j${n}`, queue: "full", priority: n }));
}

test("a cap that is raised lets all go on that there is room for, the highest priority first", async () => {
  await scene.store.changeQueue("full", { maxRunning: 1 });
  await scene.enqueue(...priorities(200));
  expect(await scene.claimIds("w")).toEqual(["j199"]);
  await scene.store.changeQueue("full", { maxRunning: 151 });
  await scene.enqueue({ id: "other", priority: 100 });
  const expected = Array.from({ length: 150 }, (_, n) => `j${198 - n}`);
  expect((await scene.claimIds("w")).filter((id) => id !== "other")).toEqual(expected);
});

test("of an array that is brought back in batches, each batch settles what follows from it", async () => {
  await scene.enqueueGroup({ id: "g" }, ...Array.from({ length: 1_200 }, () => ({})));
  await scene.enqueue({ id: "waits", dependsOn: [after("g")] });
  hand.exec("UPDATE jobs SET state = 'dead', reason = 'policy' WHERE group_id = 'g'");
  await scene.claim("w");
  expect(await scene.states("waits")).toEqual(["dead"]);
  const now = scene.time.now();
  const states: unknown[] = [];
  for (let next: number | null = 0; next !== null; ) {
    next = (await scene.store.changeMembers("g", { change: "retry", after: next, limit: 500, now })).next;
    expect(hand.prepare("SELECT count(*) AS notes FROM unsettled").get()).toEqual({ notes: 0 });
    states.push(...(await scene.states("waits")));
  }
  expect(states).toEqual(["dead", "dead", "blocked"]);
});

test("of many dependencies that cannot be met any more, the first is named, as they are now", async () => {
  await scene.enqueue(...["a", "b", "c"].map((id) => ({ id })));
  await scene.enqueue({ id: "waits", dependsOn: ["a", "b", "c"].map((id) => after(id)) });
  await scene.store.cancelJobs(["b", "c"], scene.time.now());
  expect(await scene.store.getJob("waits")).toMatchObject({
    state: "dead",
    error: expect.stringContaining('"b"'),
  });
  await scene.store.retryJobs(["b"], { change: "retry", now: scene.time.now() });
  expect(await scene.states("waits")).toEqual(["dead"]);
  await scene.store.retryJobs(["c"], { change: "retry", now: scene.time.now() });
  expect(await scene.states("waits")).toEqual(["blocked"]);
});

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildGroup, buildJob } from "../../../tests/support/build-job.ts";
import { closeScenes, openSqliteScene, type Scene } from "../../../tests/support/conformance.ts";
import type { Change } from "../../domain/refuse-change.ts";
import { toDead, toPendingAgain } from "../../domain/transition.ts";
import { changeMembers } from "./change-members.ts";
import { Database } from "./database.ts";
import { enqueue } from "./enqueue.ts";
import { isUnsettled, settle } from "./settle.ts";

/** What follows from one change, and is more than one transaction decides: what happens before it is decided. */
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

const DIES = {
  outcome: { kind: "failed", exitCode: 1 },
  transition: toDead({ attempts: 4, reason: "retries_spent" }),
} as const;

const after = (on: string) => [{ on, condition: "completed" as const }];
const many = <T extends object>(count: number, given: T) =>
  Array.from({ length: count }, (_, n) => ({ id: `d${n}`, ...given }));

function countOf(state: string): number {
  return hand.prepare("SELECT count(*) AS jobs FROM jobs WHERE state = ?").get(state)?.["jobs"] as number;
}

/** Claims until nothing more follows; the ids of what was claimed, which completes. */
async function claimAll(): Promise<string[]> {
  const ids: string[] = [];
  for (let isQuiet = false; !isQuiet; ) {
    const now = scene.time.now();
    const { claims, nextDueAt } = await scene.store.claim(scene.claimRequest("w", { now }));
    await scene.finish("w", claims);
    ids.push(...claims.map(({ job }) => job.id));
    isQuiet = claims.length === 0 && (nextDueAt === null || nextDueAt > now);
  }
  return ids;
}

describe("thousands that wait for one job", () => {
  beforeEach(async () => {
    await scene.enqueue({ id: "first" }, ...many(2_500, { dependsOn: after("first") }));
    await scene.finish("w", await scene.claimOne("w"), DIES);
  });

  test("come back with it, though it completes before the last of them was told", async () => {
    expect(await claimAll()).toEqual([]);
    expect(countOf("dead")).toBe(2_501);
    await scene.store.retryJobs(["first"], { change: "retryDead", now: scene.time.now() });
    await scene.finish("w", await scene.claimOne("w"));
    expect(await claimAll()).toHaveLength(2_500);
    expect(countOf("completed")).toBe(2_501);
  });

  test("die of it, though it is removed before the last of them was told", async () => {
    expect(countOf("blocked"), "of those it is not decided yet").toBeGreaterThan(0);
    expect(await scene.store.removeDead(["first"], scene.time.now())).toHaveLength(1);
    expect(await claimAll()).toEqual([]);
    expect(countOf("dead")).toBe(2_500);
  });

  test("die of it, though it is removed as the member of a group", async () => {
    await scene.enqueueGroup({}, { id: "member" });
    await scene.enqueue(...many(2_500, {}).map(({ id }) => ({ id: `m${id}`, dependsOn: after("member") })));
    hand.exec("UPDATE jobs SET state = 'dead', reason = 'policy' WHERE id = 'member'");
    const step = { change: "removeDead", limit: 10, now: scene.time.now() } as const;
    let removed = 0;
    for (let next: number | null = 0; next !== null; ) {
      const changed = await scene.store.changeMembers("g", { ...step, after: next });
      removed += changed.ids.length;
      next = changed.next;
    }
    expect(removed).toBe(1);
    expect(await claimAll()).toEqual([]);
    expect(countOf("blocked")).toBe(0);
  });

  test("keep it from being pruned until the last of them was told", async () => {
    hand.exec("UPDATE jobs SET state = 'cancelled', reason = NULL WHERE id = 'first'");
    const expired = { state: "cancelled", before: Number.MAX_SAFE_INTEGER } as const;
    expect(await scene.store.removeExpired(expired, 10)).toMatchObject({ jobs: 0 });
    expect(await claimAll()).toEqual([]);
    expect(await scene.store.removeExpired(expired, 10)).toMatchObject({ jobs: 1 });
    expect(countOf("dead")).toBe(2_500);
  });
});

test("one that waits for two is not let go by the second while it is not told that the first came back", async () => {
  await scene.enqueue({ id: "first" }, { id: "second", runAt: 9e12 });
  await scene.enqueue(...many(2_500, { dependsOn: after("first") }), {
    id: "both",
    dependsOn: [...after("first"), ...after("second")],
  });
  await scene.finish("w", await scene.claimOne("w"));
  const before = scene.claimRequest("w");
  for (let left = 2_500; left > 0; ) {
    const { claims } = await scene.store.claim({ ...before, now: scene.time.now(), limit: left });
    left -= claims.length;
  }
  await scene.store.retryJobs(["first"], { change: "retry", now: scene.time.now() });
  hand.exec("UPDATE jobs SET state = 'completed' WHERE id = 'second'");
  expect(await scene.claimIds("w")).toEqual(["first"]);
  expect(await scene.states("both")).toEqual(["blocked"]);
});

describe("a large array that gives up", () => {
  const SIZE = 3_500;

  test("cancels some thousand at a time, and starts none of the others meanwhile", async () => {
    await scene.enqueueGroup({ maxFails: 1 }, ...many(SIZE, {}));
    await scene.enqueue(
      { id: "suspect", group: { kind: "array", id: "g", member: "x" } },
      { id: "stranger" },
    );
    hand.exec("UPDATE jobs SET suspicion = 0 WHERE id = 'suspect'");
    const [dies, interrupted] = await scene.claim("w", { limit: 2 });
    if (!dies || !interrupted) throw new Error("There were two to claim");
    await scene.finish("w", dies, DIES);
    expect(countOf("cancelled")).toBeLessThan(SIZE / 2);
    const how = { outcome: { kind: "interrupted" }, transition: toPendingAgain() } as const;
    expect(await scene.finish("w", interrupted, how)).toMatchObject({ cancelled: [interrupted.token] });
    expect(await claimAll()).toEqual(["stranger"]);
    expect(countOf("cancelled")).toBe(SIZE);
  });

  test("stops giving up when one of it is brought back", async () => {
    await scene.enqueueGroup({ maxFails: 1 }, ...many(SIZE, {}));
    await scene.finish("w", await scene.claimOne("w"), DIES);
    const cancelled = countOf("cancelled");
    await scene.store.retryJobs(["d0"], { change: "retryDead", now: scene.time.now() });
    expect(await claimAll()).toHaveLength(SIZE - cancelled);
    expect(countOf("cancelled")).toBe(cancelled);
  });
});

/** Counts statements that are run, and rows that are read. */
class CountingDatabase extends Database {
  steps = 0;

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql);
    const count = <T>(result: T): T => {
      this.steps += 1 + (Array.isArray(result) ? result.length : 0);
      return result;
    };
    const db = this;
    const counting: Pick<StatementSync, "run" | "get" | "all" | "iterate"> = {
      run: (...values: []) => count(statement.run(...values)),
      get: (...values: []) => count(statement.get(...values)),
      all: (...values: []) => count(statement.all(...values)),
      *iterate(...values: []) {
        for (const row of statement.iterate(...values)) {
          db.steps += 1;
          yield row;
        }
        return undefined;
      },
    };
    return counting as StatementSync;
  }
}

test("what an array costs that is brought back, and that a job waits for, grows with it and no faster", async () => {
  async function costOf(size: number, id: string): Promise<number> {
    const db = new CountingDatabase(scene.store.name, { patienceMs: 0, readOnly: false });
    const { kind, ...group } = buildGroup({ id });
    const members = many(size, {}).map((job) =>
      buildJob({ ...job, id: `${id}.${job.id}`, group: { kind, id, member: job.id } }),
    );
    await enqueue(db, members, { ...group, kind });
    await enqueue(db, [buildJob({ id: `${id}-then`, dependsOn: after(id) })]);
    const settleAll = async () => {
      while (isUnsettled(db)) await db.write(() => settle(db, 1));
    };
    const change = async (what: Change) => {
      for (let next: number | null = 0; next !== null; )
        next = (await changeMembers(db, id, { change: what, after: next, limit: 500, now: 1 })).next;
      await settleAll();
    };
    await change("cancel");
    expect(await scene.states(`${id}-then`)).toEqual(["dead"]);
    db.steps = 0;
    await change("retry");
    expect(await scene.states(`${id}-then`)).toEqual(["blocked"]);
    db.close();
    return db.steps;
  }
  expect((await costOf(4_000, "large")) / (await costOf(1_000, "small"))).toBeLessThan(4.5);
});

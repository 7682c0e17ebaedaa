import { describe, expect, test } from "vitest";
import { countsOf, type JobState } from "../../src/domain/job.ts";
import { toDead, toPendingAgain, toRetry } from "../../src/domain/transition.ts";
import type { Claim } from "../../src/store/store.ts";
import { buildGroup } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

const DIES = {
  outcome: { kind: "failed", exitCode: 1 },
  transition: toDead({ attempts: 4, reason: "retries_spent" }),
} as const;

const INTERRUPTED = { outcome: { kind: "interrupted" }, transition: toPendingAgain() } as const;

describeStores("groups", (open) => {
  test("a group is stored as it was given, and counts its jobs by state", async () => {
    const scene = await open();
    const group = buildGroup({
      id: "g",
      kind: "flow",
      name: "build",
      maxRunning: 2,
      maxFails: 3,
      createdAt: 5,
    });
    await scene.enqueueGroup(group, { id: "a" }, { id: "b" }, { id: "c", dependsOn: [after("b")] });
    await scene.enqueue({ id: "stranger" });
    expect(await scene.store.getGroup("g")).toEqual({ ...group, counts: counts({ pending: 2, blocked: 1 }) });
    await scene.startWorker("w");
    const [a, b] = await claimOf(scene, "a", "b");
    await scene.finish("w", a as Claim);
    await scene.finish("w", b as Claim, DIES);
    expect((await scene.store.getGroup("g"))?.counts).toEqual(counts({ completed: 1, dead: 2 }));
    expect(await scene.store.getGroup("absent")).toBeUndefined();
    expect(await scene.store.getJob("g")).toBeUndefined();
  });

  test("its jobs are listed by it, of all states or one, the newest on demand", async () => {
    const scene = await open();
    await scene.enqueueGroup({}, { id: "a" }, { id: "b" }, { id: "c" });
    await scene.enqueue({ id: "stranger" });
    await scene.store.cancelJobs(["b"], scene.time.now());
    expect(await scene.ids({ group: "g" })).toEqual(["a", "b", "c"]);
    expect(await scene.ids({ group: "g", state: "pending" })).toEqual(["a", "c"]);
    expect(await scene.ids({ group: "g", newest: 2 })).toEqual(["b", "c"]);
    expect(await scene.ids({ group: "absent" })).toEqual([]);
    expect((await scene.store.getJob("b"))?.group).toEqual({ kind: "array", id: "g", member: "1" });
  });

  test("groups are listed by kind, oldest first, the newest on demand", async () => {
    const scene = await open();
    for (const [id, kind, createdAt] of [
      ["late", "flow", 9],
      ["x", "array", 1],
      ["early", "flow", 3],
      ["middle", "flow", 5],
    ] as const)
      await scene.enqueueGroup({ id, kind, createdAt }, {});
    const list = async (newest?: number) =>
      (await scene.store.listGroups({ kind: "flow", newest })).map(({ id }) => id);
    expect(await list()).toEqual(["early", "middle", "late"]);
    expect(await list(2)).toEqual(["middle", "late"]);
    expect((await scene.store.listGroups({ kind: "array" }))[0]?.counts).toEqual(counts({ pending: 1 }));
  });

  test("one id means one thing: a job's is no group's, and a group's no job's", async () => {
    const scene = await open();
    await scene.enqueue({ id: "job" });
    await scene.enqueueGroup({ id: "group" }, { id: "member" });
    for (const id of ["job", "group", "member"])
      await expect(scene.enqueueGroup({ id }, { id: "new" })).rejects.toMatchObject({ code: "duplicate_id" });
    await expect(scene.enqueueGroup({ id: "self" }, { id: "new" }, { id: "self" })).rejects.toMatchObject({
      code: "duplicate_id",
      position: 2,
    });
    await expect(scene.enqueue({ id: "new" }, { id: "group" })).rejects.toMatchObject({
      code: "duplicate_id",
      position: 2,
    });
    expect(await scene.ids()).toEqual(["job", "member"]);
    expect(await scene.store.listGroups({ kind: "array" })).toHaveLength(1);
  });

  test("a group whose jobs are refused is not made", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    await expect(scene.enqueueGroup({}, { id: "new" }, { id: "a" })).rejects.toMatchObject({ position: 2 });
    expect(await scene.store.getGroup("g")).toBeUndefined();
    await scene.enqueueGroup({}, { id: "b" });
  });

  describe("as a dependency", () => {
    test("it stands for all its jobs", async () => {
      const scene = await open();
      await scene.enqueueGroup({}, { id: "a" }, { id: "b" });
      await scene.enqueue({ id: "z", priority: 9, dependsOn: [after("g")] });
      expect((await scene.store.readWaits(3)).groups.map(({ counts }) => counts.pending)).toEqual([2]);
      await scene.startWorker("w");
      for (const claim of await scene.claim("w")) {
        expect(await scene.states("z")).toEqual(["blocked"]);
        await scene.finish("w", claim);
      }
      expect(await scene.claimIds("w")).toEqual(["z"]);
    });

    test("one of its jobs that dies takes the dependant along", async () => {
      const scene = await open();
      await scene.enqueueGroup({}, { id: "a" }, { id: "b" });
      await scene.enqueue({ id: "z", dependsOn: [after("g")] });
      await scene.startWorker("w");
      await scene.finish("w", await scene.claimOne("w"), DIES);
      expect(await scene.states("b", "z")).toEqual(["pending", "dead"]);
    });

    test("its own member cannot wait for it", async () => {
      const scene = await open();
      await expect(scene.enqueueGroup({}, { id: "a", dependsOn: [after("g")] })).rejects.toMatchObject({
        code: "dependency_cycle",
        message: expect.stringContaining("a → a"),
      });
    });
  });

  describe("with a limit of failures", () => {
    test("cancels what waits as soon as so many are dead, and lets go on what runs", async () => {
      const scene = await open();
      const ids = ["a", "b", "c", "d", "e"];
      await scene.enqueueGroup({ maxFails: 2 }, ...ids.map((id) => ({ id })), {
        id: "f",
        dependsOn: [after("e")],
      });
      await scene.enqueue({ id: "stranger" });
      await scene.startWorker("w");
      const [a, b, c] = await scene.claim("w", { limit: 3 });
      if (!a || !b || !c) throw new Error("There were three to claim");
      await scene.finish("w", a, DIES);
      expect(await scene.states("d", "e", "f")).toEqual(["pending", "pending", "blocked"]);
      await scene.finish("w", b, DIES);
      expect(await scene.states(...ids, "f", "stranger")).toEqual([
        "dead",
        "dead",
        "processing",
        "cancelled",
        "cancelled",
        "cancelled",
        "pending",
      ]);
      expect(await scene.store.getJob("d")).toMatchObject({
        error: '2 of "g" failed, which is as many as may',
        updatedAt: (await scene.store.getJob("b"))?.updatedAt,
      });
      expect(await scene.claimIds("w")).toEqual(["stranger"]);
      await scene.finish("w", c);
      expect(await scene.states("c")).toEqual(["completed"]);
    });

    test("cancels a retry that waits, and one that comes to wait later", async () => {
      const scene = await open();
      await scene.enqueueGroup({ maxFails: 1 }, { id: "waits" }, { id: "dies" }, { id: "fails" });
      await scene.startWorker("w");
      const [waits, dies, fails] = await scene.claim("w");
      if (!waits || !dies || !fails) throw new Error("There were three to claim");
      const retry = { transition: toRetry({ attempts: 1, dueAt: 9e12 }) };
      await scene.finish("w", waits, retry);
      await scene.finish("w", dies, DIES);
      await scene.finish("w", fails, retry);
      expect(await scene.states("waits", "dies", "fails")).toEqual(["cancelled", "dead", "cancelled"]);
    });

    test("does not run again what is given back after it", async () => {
      const scene = await open();
      await scene.enqueueGroup({ maxFails: 1 }, { id: "dies" }, { id: "interrupted" });
      await scene.enqueue({ id: "stranger" }, { id: "z", dependsOn: [after("interrupted")] });
      await scene.startWorker("w");
      const [dies, interrupted, stranger] = await scene.claim("w", { limit: 3 });
      if (!dies || !interrupted || !stranger) throw new Error("There were three to claim");
      await scene.finish("w", dies, DIES);
      expect(await scene.finish("w", interrupted, INTERRUPTED)).toMatchObject({
        cancelled: [interrupted.token],
      });
      expect(await scene.finish("w", stranger, INTERRUPTED)).toMatchObject({ cancelled: [] });
      expect(await scene.states("dies", "interrupted", "stranger", "z")).toEqual([
        "dead",
        "cancelled",
        "pending",
        "dead",
      ]);
      expect(await scene.store.getJob("interrupted")).toMatchObject({
        error: '1 of "g" failed, which is as many as may',
        attempts: 0,
      });
      expect(await scene.claimIds("w")).toEqual(["stranger"]);
    });

    test("does not run again what its worker lost after it, and the recovery says so", async () => {
      const scene = await open();
      await scene.enqueueGroup({ maxFails: 1 }, { id: "lost" }, { id: "dies" });
      await scene.startWorker("lives");
      await scene.startWorker("w");
      await scene.claim("w", { limit: 1 });
      await scene.finish("lives", await scene.claimOne("lives"), DIES);
      await scene.store.declareDead("w", 0);
      const options = { now: scene.time.now(), crashLimit: 3 };
      expect(await scene.store.recoverJobs("w", options)).toEqual([{ jobId: "lost", to: "cancelled" }]);
      expect(await scene.claimIds("lives")).toEqual([]);
      expect((await scene.store.listExecutions(1)).map(({ outcome }) => outcome)).toEqual(["lost"]);
    });

    test("lets run again what was given back before it, or to a group that bears more", async () => {
      const scene = await open();
      await scene.enqueueGroup({ maxFails: 2 }, { id: "dies" }, { id: "a" });
      await scene.startWorker("w");
      const [dies, a] = await scene.claim("w");
      if (!dies || !a) throw new Error("There were two to claim");
      await scene.finish("w", dies, DIES);
      await scene.finish("w", a, INTERRUPTED);
      expect(await scene.claimIds("w")).toEqual(["a"]);
    });

    test("counts those that died of a dependency or expired like the others", async () => {
      const scene = await open();
      await scene.enqueue({ id: "x" });
      const expiresAt = scene.time.now() + 60_000;
      await scene.enqueueGroup(
        { maxFails: 2 },
        { id: "a", dependsOn: [after("x")] },
        { id: "b", expiresAt },
        { id: "c" },
      );
      await scene.store.cancelJobs(["x"], scene.time.now());
      expect(await scene.states("a", "b", "c")).toEqual(["dead", "pending", "pending"]);
      scene.time.pass(60_000);
      await scene.startWorker("w");
      expect(await scene.claimIds("w")).toEqual([]);
      expect(await scene.states("a", "b", "c")).toEqual(["dead", "dead", "cancelled"]);
    });

    test("whoever depends on one that it cancelled dies of it", async () => {
      const scene = await open();
      await scene.enqueueGroup({ maxFails: 1 }, { id: "a" }, { id: "b" });
      await scene.enqueue({ id: "z", dependsOn: [after("b")] });
      await scene.startWorker("w");
      await scene.finish("w", await scene.claimOne("w"), DIES);
      expect(await scene.states("b", "z")).toEqual(["cancelled", "dead"]);
    });

    test("does not undo what a person brings back", async () => {
      const scene = await open();
      await scene.enqueueGroup({ maxFails: 1 }, { id: "a" }, { id: "b" });
      await scene.startWorker("w");
      await scene.finish("w", await scene.claimOne("w"), DIES);
      await scene.store.retryJobs(["b"], { change: "retry", now: scene.time.now() });
      expect(await scene.claimIds("w")).toEqual(["b"]);
    });

    test("is counted anew from then on: what a person brings back has its retries, and so have the others", async () => {
      const scene = await open();
      await scene.enqueueGroup({ maxFails: 1 }, { id: "a" }, { id: "b" }, { id: "c" }, { id: "d" });
      await scene.startWorker("w");
      await scene.finish("w", await scene.claimOne("w"), DIES);
      await scene.store.retryJobs(["b", "c"], { change: "retry", now: scene.time.now() });
      const transition = toRetry({ attempts: 1, dueAt: scene.time.now() });
      await scene.finish("w", await scene.claimOne("w"), { transition });
      expect(await scene.states("a", "b", "c", "d")).toEqual(["dead", "failed", "pending", "cancelled"]);
      await scene.finish("w", await scene.claimOne("w"), INTERRUPTED);
      expect(await scene.states("a", "b", "c", "d")).toEqual(["dead", "failed", "pending", "cancelled"]);
      await scene.finish("w", await scene.claimOne("w"), DIES);
      expect(await scene.states("a", "b", "c", "d")).toEqual(["dead", "cancelled", "dead", "cancelled"]);
    });
  });

  describe("by its id", () => {
    test("all its unfinished jobs are cancelled, and those that run are asked to end", async () => {
      const scene = await openMixed(open);
      await scene.enqueueGroup({ id: "h" }, { id: "first" }, { id: "then", dependsOn: [after("first")] });
      const running = await scene.store.cancelJobs(["g"], scene.time.now());
      expect(running).toMatchObject([{ jobId: "runs", isToBeCancelled: true }]);
      expect(await scene.states("done", "dead", "runs", "waits")).toEqual([
        "completed",
        "dead",
        "processing",
        "cancelled",
      ]);
      await scene.store.cancelJobs(["h"], scene.time.now());
      expect(await scene.states("first", "then"), "cancelled with it, and not dead of it").toEqual([
        "cancelled",
        "cancelled",
      ]);
    });

    test("its dead jobs are retried, and with `retry` its cancelled ones; nothing else", async () => {
      const scene = await openMixed(open);
      await scene.store.cancelJobs(["waits"], scene.time.now());
      await scene.store.retryJobs(["g"], { change: "retryDead", now: scene.time.now() });
      expect(await scene.states("done", "dead", "runs", "waits")).toEqual([
        "completed",
        "pending",
        "processing",
        "cancelled",
      ]);
      await scene.store.retryJobs(["g"], { change: "retry", now: scene.time.now() });
      expect(await scene.states("done", "waits")).toEqual(["completed", "pending"]);
    });

    test("its dead jobs are removed", async () => {
      const scene = await openMixed(open);
      expect(await scene.store.removeDead(["g"], scene.time.now())).toHaveLength(1);
      expect(await scene.ids({ group: "g" })).toEqual(["done", "runs", "waits"]);
    });

    test("of its cancelled jobs, those that are still not needed stay when it is retried", async () => {
      const scene = await open();
      await scene.enqueue({ id: "x" });
      const unneeded = { dependsOn: [{ on: "x", condition: "failed" as const }] };
      await scene.enqueueGroup({}, { id: "spare", ...unneeded }, { id: "other" });
      await scene.startWorker("w");
      await scene.finish("w", await scene.claimOne("w"));
      await scene.store.cancelJobs(["other"], scene.time.now());
      expect(await scene.states("x", "spare", "other")).toEqual(["completed", "cancelled", "cancelled"]);
      await scene.store.retryJobs(["g"], { change: "retry", now: scene.time.now() });
      expect(await scene.states("spare", "other")).toEqual(["cancelled", "pending"]);
      await expect(
        scene.store.retryJobs(["g"], { change: "retry", now: scene.time.now() }),
        "none is left that is meant",
      ).rejects.toMatchObject({ code: "not_finished" });
    });

    test("a batch of it at a time is changed, in order of arrival", async () => {
      const scene = await open();
      await scene.enqueueGroup({}, { id: "a" }, { id: "b" }, { id: "c" });
      await scene.enqueue({ id: "z", dependsOn: [after("c")] });
      await scene.startWorker("w");
      await scene.claim("w", { limit: 1 });
      const now = scene.time.now();
      const step = { limit: 2, now };
      const first = await scene.store.changeMembers("g", { ...step, change: "cancel", after: 0 });
      expect(first).toMatchObject({ ids: ["a", "b"], running: [{ jobId: "a", isToBeCancelled: true }] });
      expect(await scene.states("a", "b", "c", "z")).toEqual([
        "processing",
        "cancelled",
        "pending",
        "blocked",
      ]);
      const after2 = first.next ?? 0;
      const last = await scene.store.changeMembers("g", { ...step, change: "cancel", after: after2 });
      expect(last).toEqual({ ids: ["c"], running: [], tokens: [], next: null });
      expect(await scene.states("c", "z")).toEqual(["cancelled", "dead"]);
      const back = await scene.store.changeMembers("g", { ...step, change: "retry", after: 0 });
      expect(back).toMatchObject({ ids: ["b", "c"], running: [], tokens: [] });
      expect(await scene.states("a", "b", "c", "z")).toEqual(["processing", "pending", "pending", "blocked"]);
    });

    test("its dead ones are removed a batch at a time, with their executions", async () => {
      const scene = await openMixed(open);
      const step = { change: "removeDead", after: 0, limit: 9, now: scene.time.now() } as const;
      const removed = await scene.store.changeMembers("g", step);
      expect(removed).toMatchObject({ ids: ["dead"], tokens: [expect.any(Number)], next: null });
      expect(await scene.store.changeMembers("g", step)).toMatchObject({ ids: [], tokens: [], next: null });
      expect(await scene.ids({ group: "g" })).toEqual(["done", "runs", "waits"]);
    });

    test("a group beside one of its own jobs means that job once", async () => {
      const scene = await openMixed(open);
      expect(await scene.store.cancelJobs(["runs", "g", "waits"], scene.time.now())).toHaveLength(1);
    });

    test("what means no job is refused, and then nothing happens", async () => {
      const scene = await openMixed(open);
      const now = scene.time.now();
      await scene.enqueueGroup({ id: "h" }, { id: "z" });
      const refusals = [
        [() => scene.store.retryJobs(["g", "h"], { change: "retry", now }), "not_finished"],
        [() => scene.store.retryJobs(["g", "h"], { change: "retryDead", now }), "not_dead"],
        [() => scene.store.removeDead(["g", "h"], scene.time.now()), "not_dead"],
        [() => scene.store.cancelJobs(["g", "absent"], now), "job_not_found"],
        [() => scene.store.retryJobs(["absent", "h"], { change: "retry", now }), "job_not_found"],
      ] as const;
      for (const [change, code] of refusals) await expect(change()).rejects.toMatchObject({ code });
      await scene.store.cancelJobs(["h"], now);
      await expect(scene.store.cancelJobs(["g", "h"], now)).rejects.toMatchObject({
        code: "already_finished",
      });
      expect(await scene.states("done", "dead", "runs", "waits")).toEqual([
        "completed",
        "dead",
        "processing",
        "pending",
      ]);
    });
  });

  test("it goes with its last job, and its id is free; that of a schedule goes with the schedule", async () => {
    const scene = await openMixed(open);
    await scene.store.cancelJobs(["g"], scene.time.now());
    await scene.store.removeDead(["g"], scene.time.now());
    expect(await scene.store.getGroup("g"), "others are left").toBeDefined();
    await scene.enqueueGroup({ id: "h", maxRunning: 1 }, { id: "z", dependsOn: [after("waits")] });
    await scene.store.removeDead(["h"], scene.time.now());
    expect(await scene.store.getGroup("h")).toBeUndefined();
    await scene.enqueueGroup({ id: "h" }, { id: "x" }, { id: "y" });
    expect(await scene.store.getGroup("h"), "without the limit of the one before").toMatchObject({
      maxRunning: null,
    });
    await scene.store.cancelJobs(["h"], scene.time.now());
    const expired = { state: "cancelled", before: scene.time.now() + 1 } as const;
    await scene.store.removeExpired(expired, 9);
    expect(await scene.store.getGroup("h")).toBeUndefined();
    await scene.enqueue({ id: "h" });

    const schedule = { name: "s", pattern: "@hourly", zone: "UTC", job: "{}", createdAt: 0, nextAt: 1 };
    const policies = { overlap: "skip", catchUp: "one" } as const;
    await scene.store.schedules.put({ ...schedule, ...policies }, null);
    expect(await scene.store.getGroup("s")).toBeDefined();
    await scene.store.schedules.remove("s");
    expect(await scene.store.getGroup("s")).toBeUndefined();
    await scene.enqueue({ id: "s" });
  });

  test("one without jobs is forgotten when retention is applied, and its id is free", async () => {
    const scene = await openMixed(open);
    await scene.enqueueGroup({ id: "h" }, { id: "z" });
    await scene.store.cancelJobs(["h"], scene.time.now());
    await scene.store.removeExpired({ state: "cancelled", before: scene.time.now() + 1 }, 10);
    expect(await scene.store.takeRetentionTurn(scene.time.now(), 60_000)).toBe(true);
    expect(await scene.store.getGroup("h")).toBeUndefined();
    expect(await scene.store.getGroup("g")).toBeDefined();
    await scene.enqueueGroup({ id: "h" }, { id: "y" });
  });
});

function after(on: string) {
  return { on, condition: "completed" as const };
}

function counts(some: Partial<Record<JobState, number>>): Record<string, number> {
  return countsOf((state) => some[state] ?? 0);
}

/** Claims these jobs, which must be all that there is of the group. */
async function claimOf(scene: Scene, ...ids: string[]): Promise<(Claim | undefined)[]> {
  const claims = await scene.claim("w");
  return ids.map((id) => claims.find(({ job }) => job.id === id));
}

/** A group with a job in each of four states, and a worker that holds the one that runs. */
async function openMixed(open: () => Promise<Scene>): Promise<Scene> {
  const scene = await open();
  await scene.enqueueGroup({}, { id: "done" }, { id: "dead" }, { id: "runs" }, { id: "waits" });
  await scene.startWorker("w");
  await scene.finish("w", await scene.claimOne("w"));
  await scene.finish("w", await scene.claimOne("w"), DIES);
  await scene.claimOne("w");
  return scene;
}

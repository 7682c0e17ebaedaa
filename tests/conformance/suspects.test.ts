import { describe, expect, test } from "vitest";
import { toRetry } from "../../src/domain/transition.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

describeStores("suspects", (open) => {
  test("jobs that are lost together are handed out alone from then on, until they have a result", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" });
    await loseAll(scene, "dead");
    await scene.enqueue({ id: "c" }, { id: "d" });

    await scene.startWorker("w");
    const [a, ...others] = await scene.claim("w");
    expect(a?.job).toMatchObject({ id: "a", suspicion: 0 });
    expect(others).toEqual([]);
    expect(await scene.claim("w"), "nothing beside a suspect").toEqual([]);
    if (!a) return;
    const { claimed } = await scene.store.finish("w", [], scene.claimRequest("w"));
    expect(claimed).toEqual({ claims: [], nextDueAt: null });
    await scene.finish("w", a);
    expect(await scene.store.getJob("a")).toMatchObject({ state: "completed", suspicion: null });

    const [b] = await scene.claim("w");
    if (!b) throw new Error("b was to claim");
    await scene.finish("w", b, {
      outcome: { kind: "failed", exitCode: 1 },
      transition: toRetry({ attempts: 1, dueAt: 0 }),
    });
    // Any result will do: it had one, and its worker lives.
    expect(ids(await scene.claim("w"))).toEqual(["b", "c", "d"]);
  });

  test("a job that kills its worker again and again is dead; its seven neighbours complete", async () => {
    const scene = await open();
    const neighbours = Array.from({ length: 7 }, (_, index) => `n${index}`);
    await scene.enqueue(...neighbours.map((id) => ({ id })), { id: "pill" });
    let crashes = 0;
    for (let life = 0; life < 20; life += 1) {
      const worker = `w${life}`;
      await scene.startWorker(worker);
      for (;;) {
        const claims = await scene.claim(worker, { limit: 8 });
        if (claims.length === 0) break;
        if (ids(claims).includes("pill")) {
          crashes += 1;
          await lose(scene, worker);
          break;
        }
        await scene.finish(worker, claims);
      }
    }
    expect(crashes).toBe(4);
    expect(await scene.ids({ state: "completed" })).toEqual(neighbours);
    expect(await scene.store.getJob("pill")).toMatchObject({
      state: "dead",
      reason: "crash_loop",
      attempts: 0,
      error: "its worker died 3 times in a row while it ran alone",
    });
    const history = await scene.store.listExecutions(8);
    expect(history.map(({ outcome }) => outcome)).toEqual(["lost", "lost", "lost", "lost"]);
  });

  test("for a worker that runs one job at a time every loss counts", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" }, { id: "b" });
    for (const [worker, to] of [
      ["w1", "pending"],
      ["w2", "pending"],
      ["w3", "dead"],
    ] as const) {
      await scene.startWorker(worker);
      expect((await scene.claimOne(worker)).job.id).toBe("a");
      expect(await lose(scene, worker)).toEqual([{ jobId: "a", to }]);
    }
  });

  test("a reboot counts for nothing, and makes nobody a suspect", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    for (const boot of ["boot-2", "boot-3", "boot-4", "boot-5"]) {
      await scene.startWorker(boot);
      await scene.claimOne(boot);
      scene.time.reboot(boot);
      expect(await lose(scene, boot)).toEqual([{ jobId: "a", to: "pending" }]);
    }
    expect(await scene.store.getJob("a")).toMatchObject({ suspicion: null, attempts: 0, executions: 4 });
  });

  test("a result in between starts the count anew", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    for (let round = 0; round < 3; round += 1) {
      for (let loss = 0; loss < 2; loss += 1) {
        const worker = `w${round}.${loss}`;
        await scene.startWorker(worker);
        await scene.claimOne(worker);
        await lose(scene, worker);
      }
      expect(await scene.store.getJob("a")).toMatchObject({ suspicion: 2 });
      await scene.startWorker(`ok${round}`);
      await scene.finish(`ok${round}`, await scene.claimOne(`ok${round}`), {
        outcome: { kind: "failed", exitCode: 1 },
        transition: toRetry({ attempts: 1, dueAt: 0 }),
      });
    }
    expect(await scene.store.getJob("a")).toMatchObject({ state: "failed", suspicion: null });
  });

  test("a crash loop that is brought back has the whole limit again, and still no neighbours", async () => {
    const scene = await open();
    await scene.enqueue({ id: "a" });
    for (const worker of ["w1", "w2", "w3"]) {
      await scene.startWorker(worker);
      await scene.claimOne(worker);
      await lose(scene, worker);
    }
    await scene.store.retryJobs(["a"], { change: "retryDead", now: scene.time.now() });
    expect(await scene.store.getJob("a")).toMatchObject({ state: "pending", reason: null, suspicion: 0 });
    await scene.enqueue({ id: "b", runAt: 9e12 });
    await scene.startWorker("w4");
    expect(ids(await scene.claim("w4", { now: 9e12 }))).toEqual(["a"]);
  });

  describe("a suspect's turn", () => {
    test("comes in the order of all jobs: what has a higher priority goes first", async () => {
      const scene = await open();
      await scene.enqueue({ id: "a" }, { id: "b" });
      await loseAll(scene, "dead");
      await scene.enqueue({ id: "high", priority: 5 }, { id: "new" });
      await scene.startWorker("w");
      expect(ids(await scene.claim("w", { limit: 1 }))).toEqual(["high"]);
    });

    test("is not put off for ever: the worker that holds least takes nothing more until it is empty", async () => {
      const scene = await open();
      await scene.enqueue({ id: "x" }, { id: "y" }, { id: "z" });
      await scene.startWorker("busy");
      await scene.startWorker("less");
      const busy = await scene.claim("busy", { limit: 2 });
      const less = await scene.claim("less", { limit: 1 });
      await scene.enqueue({ id: "s1" }, { id: "s2" });
      await loseAll(scene, "dead");
      const load = (from: number) =>
        scene.enqueue(...Array.from({ length: 3 }, (_, n) => ({ id: `n${from + n}`, createdAt: 5 })));

      await load(0);
      expect(await scene.claim("less", { limit: 7 }), "it makes room").toEqual([]);
      expect(ids(await scene.claim("busy", { limit: 6 })), "the others go on").toEqual(["n0", "n1", "n2"]);
      await load(3);
      expect(await scene.claim("less", { limit: 7 })).toEqual([]);
      await scene.finish("less", less);
      expect(ids(await scene.claim("less", { limit: 8 }))).toEqual(["s1"]);
      await scene.finish("busy", busy);
    });

    test("is taken at once by a worker that is empty, whoever was making room", async () => {
      const scene = await open();
      await scene.enqueue({ id: "x" });
      await scene.startWorker("half");
      await scene.claimOne("half");
      await scene.enqueue({ id: "s1" }, { id: "s2" });
      await loseAll(scene, "dead");
      await scene.startWorker("idle");
      expect(ids(await scene.claim("idle"))).toEqual(["s1"]);
    });

    test("takes no room at gates from those that are claimed after it", async () => {
      const scene = await open();
      await scene.enqueue({ id: "s1", priority: 9 }, { id: "s2", priority: 9 });
      await loseAll(scene, "dead");
      await scene.store.changeQueue("full", { maxRunning: 1 });
      await scene.enqueue(
        { id: "goes", queue: "full", priority: 1 },
        { id: "comes", queue: "full" },
        { id: "is paused", queue: "a", priority: 1, key: "k" },
        { id: "of key", queue: "b", key: "k" },
      );
      await scene.startWorker("w");
      expect(ids(await scene.claim("w"))).toEqual(["s1"]);
      await scene.store.cancelJobs(["goes", "s2"], scene.time.now());
      await scene.store.changeQueue("a", { state: "paused" });
      await scene.startWorker("v");
      expect(ids(await scene.claim("v"))).toEqual(["of key", "comes"]);
    });

    test("is told to those who ask what comes before a job, in the order of claiming", async () => {
      const scene = await open();
      await scene.enqueue(
        { id: "late", createdAt: 9 },
        { id: "s1" },
        { id: "s2", queue: "mail" },
        { id: "urgent", priority: 5 },
      );
      await loseAll(scene, "dead");
      await scene.enqueue({ id: "first" }, { id: "last", createdAt: 10 }, { id: "top", priority: 9 });
      const before = async (id: string) => {
        const { suspects } = await scene.store.readWaits((await scene.store.getJob(id))?.seq ?? 0);
        const known = await Array.fromAsync(scene.store.listJobs());
        return suspects.map(({ seq }) => known.find((job) => job.seq === seq)?.id);
      };
      expect(await before("top")).toEqual([]);
      expect(await before("first")).toEqual(["urgent", "s1", "s2"]);
      expect(await before("s2")).toEqual(["urgent", "s1"]);
      expect(await before("last")).toEqual(["urgent", "s1", "s2", "late"]);
    });

    test("comes also when any number of others wait before it at closed gates", async () => {
      const scene = await open();
      await scene.enqueue(...Array.from({ length: 120 }, () => ({ queue: "many" })), { id: "s" });
      await loseAll(scene, "dead");
      await scene.store.changeQueue("many", { state: "paused" });
      await scene.startWorker("w");
      expect(ids(await scene.claim("w"))).toEqual(["s"]);
    });

    test("concerns only workers that serve its queue", async () => {
      const scene = await open();
      await scene.enqueue({ id: "s1", queue: "mail" }, { id: "s2", queue: "mail" });
      await loseAll(scene, "dead");
      await scene.enqueue({ id: "x", priority: 1 }, { id: "n", createdAt: 5 });
      await scene.startWorker("media", { queues: ["default"] });
      await scene.startWorker("all");
      await scene.claim("all", { limit: 1 });
      // The one that holds nothing does not serve it, so it is the other that makes room.
      expect(await scene.claim("all", { limit: 7 })).toEqual([]);
      expect(ids(await scene.claim("media", { limit: 8, queues: ["default"] }))).toEqual(["n"]);
    });
  });
});

/** A worker dies with what it holds, and its jobs are taken back. */
async function lose(scene: Scene, worker: string) {
  await scene.declareDead(worker);
  return await scene.store.recoverJobs(worker, { now: scene.time.now(), crashLimit: 3 });
}

/** All that can be claimed is lost together. */
async function loseAll(scene: Scene, worker: string): Promise<void> {
  await scene.startWorker(worker);
  await scene.claim(worker);
  await lose(scene, worker);
}

function ids(claims: readonly { job: { id: string } }[]): string[] {
  return claims.map(({ job }) => job.id);
}

import { describe, expect, test } from "vitest";
import type { NewJob } from "../../src/domain/job.ts";
import { toCancelled, toDead, toPendingAgain, toRetry } from "../../src/domain/transition.ts";
import type { Claim } from "../../src/store/store.ts";
import { buildResult } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

type Put = (scene: Scene, limit: number, jobs: Partial<NewJob>[]) => Promise<void>;

/** The three gates, and how jobs come to stand before each and before no other that is closed. */
const GATES: readonly [string, Put][] = [
  [
    "a queue's cap",
    async (scene, maxRunning, jobs) => {
      await scene.store.changeQueue("default", { maxRunning });
      await scene.enqueue(...jobs);
    },
  ],
  [
    "a key's limit",
    (scene, keyLimit, jobs) => scene.enqueue(...jobs.map((job) => ({ ...job, key: "host=db1", keyLimit }))),
  ],
  ["a group's cap", (scene, maxRunning, jobs) => scene.enqueueGroup({ maxRunning }, ...jobs)],
];

/** Every way in which a job that runs makes room. */
const ENDS: readonly [string, (scene: Scene, claim: Claim) => Promise<unknown>][] = [
  ["completes", (scene, claim) => scene.finish("w", claim)],
  [
    "fails, and waits for its retry",
    (scene, claim) => scene.finish("w", claim, { transition: toRetry({ attempts: 1, dueAt: 9e12 }) }),
  ],
  [
    "dies",
    (scene, claim) =>
      scene.finish("w", claim, { transition: toDead({ attempts: 4, reason: "retries_spent" }) }),
  ],
  [
    "is cancelled while it runs",
    async (scene, claim) => {
      await scene.store.cancelJobs([claim.job.id], scene.time.now());
      await scene.finish("w", claim, { outcome: { kind: "cancelled" }, transition: toCancelled() });
    },
  ],
  [
    "is given back",
    (scene, claim) =>
      scene.finish("w", claim, { outcome: { kind: "interrupted" }, transition: toPendingAgain() }),
  ],
  [
    "is lost with its worker",
    async (scene) => {
      await scene.declareDead("w");
      await scene.store.recoverJobs("w", { now: scene.time.now(), crashLimit: 3 });
    },
  ],
];

describeStores("gates", (open) => {
  describe.each(GATES)("%s", (_, put) => {
    test("lets so many through and no more, whichever workers claim at once", async () => {
      const scene = await open();
      await put(scene, 3, numbered(10));
      const other = await scene.openAnother();
      for (const id of ["w1", "w2", "w3"]) await scene.startWorker(id);
      const batches = await Promise.all([
        scene.store.claim(scene.claimRequest("w1", { limit: 2 })),
        other.claim(scene.claimRequest("w2", { limit: 2 })),
        scene.store.claim(scene.claimRequest("w3", { limit: 2 })),
      ]);
      const claimed = batches.flatMap(({ claims }) => claims.map(({ job }) => job.id));
      expect(claimed.sort()).toEqual(["j0", "j1", "j2"]);
      for (const id of ["w1", "w2", "w3"]) expect(await scene.claim(id)).toEqual([]);
      expect(await scene.store.counts(null)).toMatchObject({ pending: 7, processing: 3 });
    });

    test.each(ENDS)("lets the next through when one %s", async (_, end) => {
      const scene = await open();
      await put(scene, 2, numbered(6));
      for (const id of ["w", "v", "idle"]) await scene.startWorker(id);
      const first = await scene.claimOne("w");
      await scene.claimOne("v");
      expect(await scene.claim("idle"), "it is full").toEqual([]);
      await end(scene, first);
      expect(await scene.claim("idle")).toHaveLength(1);
      expect(await scene.claim("v"), "it is full again").toEqual([]);
    });

    test("lets the next through in the transaction that ends one", async () => {
      const scene = await open();
      await put(scene, 1, numbered(3));
      await scene.startWorker("w");
      let claim = await scene.claimOne("w");
      for (const expected of ["j1", "j2"]) {
        const ended = [buildResult(claim, scene.time.now())];
        const { claimed } = await scene.store.finish("w", ended, scene.claimRequest("w"));
        expect(idsOf(claimed.claims)).toEqual([expected]);
        claim = claimed.claims[0] as Claim;
      }
    });

    test("lets them through by priority, then due time, then arrival", async () => {
      const scene = await open();
      await put(scene, 1, [
        { id: "first", runAt: 5 },
        { id: "later", runAt: 9 },
        { id: "same", runAt: 5 },
        { id: "high", runAt: 9, priority: 1 },
      ]);
      expect(await runOneByOne(scene)).toEqual(["high", "first", "same", "later"]);
    });

    test("does not keep the place of one that steps aside after room was made", async () => {
      const scene = await open();
      const expiresAt = scene.time.now() + 60_000;
      await put(scene, 1, [{ id: "runs" }, { id: "cancelled" }, { id: "late", expiresAt }, { id: "next" }]);
      await scene.startWorker("w");
      const runs = await scene.claimOne("w");
      expect(await scene.claim("w")).toEqual([]);
      await scene.finish("w", runs);
      await scene.store.cancelJobs(["cancelled"], scene.time.now());
      scene.time.pass(60_000);
      expect(await scene.claimIds("w")).toEqual(["next"]);
      expect(await scene.states("cancelled", "late")).toEqual(["cancelled", "dead"]);
    });

    test("lets one through again that failed, when its retry is due", async () => {
      const scene = await open();
      await put(scene, 1, [{ id: "a" }]);
      await scene.startWorker("w");
      const dueAt = scene.time.now() + 60_000;
      await scene.finish("w", await scene.claimOne("w"), { transition: toRetry({ attempts: 1, dueAt }) });
      expect(await scene.store.claim(scene.claimRequest("w"))).toEqual({ claims: [], nextDueAt: dueAt });
      scene.time.pass(60_000);
      expect(await scene.claimIds("w")).toEqual(["a"]);
    });

    test("holds suspects too", async () => {
      const scene = await open();
      await put(scene, 2, numbered(3));
      await scene.startWorker("dead");
      await scene.claim("dead");
      await scene.declareDead("dead");
      await scene.store.recoverJobs("dead", { now: scene.time.now(), crashLimit: 3 });
      for (const id of ["w1", "w2", "w3"]) await scene.startWorker(id);
      expect(await scene.claimIds("w1")).toEqual(["j0"]);
      expect(await scene.claimIds("w2")).toEqual(["j1"]);
      expect(await scene.claimIds("w3")).toEqual([]);
    });
  });

  test("a job before two closed gates starts when both are open, whichever opens last", async () => {
    for (const last of ["key", "group"]) {
      const scene = await open();
      await scene.enqueue({ id: "of key", key: "k", priority: 2 });
      await scene.enqueueGroup(
        { maxRunning: 1 },
        { id: "of group", priority: 1 },
        { id: "of both", key: "k" },
      );
      await scene.startWorker("w");
      const [ofKey, ofGroup] = await scene.claim("w");
      const [first, second] = last === "key" ? [ofGroup, ofKey] : [ofKey, ofGroup];
      if (!first || !second) throw new Error("There were two to claim");
      expect([first.job.id, second.job.id].sort()).toEqual(["of group", "of key"]);
      await scene.finish("w", first);
      expect(await scene.claimIds("w"), `the ${last} is full`).toEqual([]);
      await scene.finish("w", second);
      expect(await scene.claimIds("w")).toEqual(["of both"]);
    }
  });

  test("one that waits at its second gate keeps nobody from the first", async () => {
    const scene = await open();
    await scene.enqueue({ id: "of key", key: "k" });
    await scene.startWorker("w");
    const ofKey = await scene.claimOne("w");
    await scene.enqueueGroup({ maxRunning: 1 }, { id: "of both", key: "k" }, { id: "of group" });
    const ofGroup = await scene.claim("w");
    expect(idsOf(ofGroup)).toEqual(["of group"]);
    await scene.enqueueGroup({ id: "g2", maxRunning: 1 }, { id: "of k and g2", key: "k" }, { id: "of g2" });
    await scene.finish("w", ofKey);
    // The first of the key stands at its group's gate, so the next one has the room at the key's.
    expect(await scene.claimIds("w")).toEqual(["of k and g2"]);
  });

  test("a key counts over all queues and workers", async () => {
    const scene = await open();
    await scene.enqueue(
      { id: "mail", queue: "mail", key: "k" },
      { id: "media", queue: "media", key: "k" },
      { id: "free", queue: "media" },
    );
    await scene.startWorker("m", { queues: ["mail"] });
    await scene.startWorker("v", { queues: ["media"] });
    const mail = await scene.claim("m", { queues: ["mail"] });
    expect(idsOf(mail)).toEqual(["mail"]);
    expect(await scene.claimIds("v", { queues: ["media"] })).toEqual(["free"]);
    await scene.finish("m", mail);
    expect(await scene.claimIds("v", { queues: ["media"] })).toEqual(["media"]);
  });

  test("the room at a key is for whoever claims first, also when jobs of other queues wait there longer", async () => {
    const scene = await open();
    await scene.enqueue({ id: "runs", key: "k" });
    await scene.enqueue({ id: "paused", queue: "a", key: "k" }, { id: "unserved", queue: "b", key: "k" });
    await scene.enqueue({ id: "served", queue: "c", key: "k" });
    await scene.startWorker("w");
    const runs = await scene.claimOne("w");
    expect(await scene.claim("w")).toEqual([]);
    await scene.store.changeQueue("a", { state: "paused" });
    await scene.finish("w", runs);
    expect(await scene.claimIds("w", { queues: ["a", "c"] })).toEqual(["served"]);
  });

  test("a new key has a limit of 1, and the limit that is given last holds for all its jobs", async () => {
    const scene = await open();
    const key = "host=db1";
    await scene.enqueue(...numbered(6).map((job) => ({ ...job, key })));
    await scene.startWorker("w");
    const first = await scene.claim("w");
    expect(idsOf(first)).toEqual(["j0"]);
    await scene.enqueue({ id: "more", key, keyLimit: 3, runAt: 9e12 });
    expect(await scene.claimIds("w")).toEqual(["j1", "j2"]);
    await scene.enqueue({ id: "less", key, keyLimit: 2, runAt: 9e12 }, { id: "same", key, runAt: 9e12 });
    await scene.finish("w", first);
    expect(await scene.claim("w"), "two run").toEqual([]);
  });

  test("jobs without the key or group pass beside those that wait for it", async () => {
    const scene = await open();
    await scene.enqueue(...numbered(600).map((job) => ({ ...job, key: "k" })), { id: "free" });
    await scene.startWorker("w");
    expect(await scene.claimIds("w", { limit: 1 })).toEqual(["j0"]);
    await waitForClaim(scene, "free");
  });
});

/** A claim need not look at everything at once, but then it says that there is more. */
async function waitForClaim(scene: Scene, wanted: string): Promise<void> {
  for (let look = 0; look < 100; look += 1) {
    const now = scene.time.now();
    const { claims, nextDueAt } = await scene.store.claim(scene.claimRequest("w", { now, limit: 1 }));
    if (claims.length > 0) return expect(idsOf(claims)).toEqual([wanted]);
    expect(nextDueAt).toBe(now);
  }
  throw new Error(`${wanted} was not claimed`);
}

/** The order in which jobs start when each waits for the end of the one before. */
async function runOneByOne(scene: Scene): Promise<string[]> {
  await scene.startWorker("w");
  const started: string[] = [];
  for (let claims = await scene.claim("w"); claims.length > 0; claims = await scene.claim("w")) {
    started.push(...idsOf(claims));
    await scene.finish("w", claims);
  }
  return started;
}

function numbered(count: number): { id: string }[] {
  return Array.from({ length: count }, (_, index) => ({ id: `j${index}` }));
}

function idsOf(claims: readonly Claim[]): string[] {
  return claims.map(({ job }) => job.id);
}

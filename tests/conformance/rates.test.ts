import fc from "fast-check";
import { expect, test } from "vitest";
import { toPendingAgain, toRetry } from "../../src/domain/transition.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

const PERIOD_MS = 60_000;

describeStores("rates", (open) => {
  test("no more start than the rate allows, and the next at the very instant that it opens", async () => {
    const scene = await openPaced(open, 2, ["a", "b", "c", "d"]);
    const first = scene.time.now();
    expect(await scene.claimIds("w", { now: first, limit: 1 })).toEqual(["a"]);
    expect(await scene.claimIds("w", { now: first + 10_000 })).toEqual(["b"]);
    expect(await scene.claimIds("w", { now: first + PERIOD_MS - 1 })).toEqual([]);
    expect(await scene.claimIds("w", { now: first + PERIOD_MS })).toEqual(["c"]);
    expect(await scene.claimIds("w", { now: first + PERIOD_MS + 9_999 })).toEqual([]);
    expect(await scene.claimIds("w", { now: first + PERIOD_MS + 10_000 })).toEqual(["d"]);
  });

  test("a claim says when the rate opens next", async () => {
    const scene = await openPaced(open, 1, ["a", "b"]);
    const now = scene.time.now();
    const claim = async (at: number) => {
      const { claims, nextDueAt } = await scene.store.claim(scene.claimRequest("w", { now: at }));
      return [claims.map(({ job }) => job.id), nextDueAt];
    };
    expect(await claim(now)).toEqual([["a"], now + PERIOD_MS]);
    expect(await claim(now + 1)).toEqual([[], now + PERIOD_MS]);
    expect(await claim(now + PERIOD_MS)).toEqual([["b"], null]);
  });

  test("a claim says when it opens for a suspect, too", async () => {
    const scene = await openPaced(open, 1, ["a"]);
    const now = scene.time.now();
    await scene.claim("w", { now });
    await scene.declareDead("w");
    await scene.store.recoverJobs("w", { now, crashLimit: 3 });
    await scene.startWorker("v");
    const batch = await scene.store.claim(scene.claimRequest("v", { now: now + 1 }));
    expect(batch).toEqual({ claims: [], nextDueAt: now + PERIOD_MS });
    expect(await scene.claimIds("v", { now: now + PERIOD_MS })).toEqual(["a"]);
  });

  test("it counts starts over all workers, and every start: retries and those given back too", async () => {
    const scene = await openPaced(open, 3, ["a"]);
    await scene.startWorker("v");
    const failed = { transition: toRetry({ attempts: 1, dueAt: 0 }) };
    await scene.finish("w", await scene.claimOne("w"), failed);
    const interrupted = { outcome: { kind: "interrupted" }, transition: toPendingAgain() } as const;
    await scene.finish("v", await scene.claimOne("v"), interrupted);
    await scene.finish("w", await scene.claimOne("w"), failed);
    expect(await scene.claim("v")).toEqual([]);
    scene.time.pass(PERIOD_MS);
    expect(await scene.claimIds("v")).toEqual(["a"]);
  });

  test("it holds up one queue, and no other", async () => {
    const scene = await openPaced(open, 1, ["a", "b"]);
    await scene.enqueue({ id: "x", queue: "mail", priority: -1 }, { id: "y", queue: "mail", priority: -1 });
    expect(await scene.claimIds("w")).toEqual(["a", "x", "y"]);
  });

  test("it is over at once when it is taken away, and a new one counts from then on", async () => {
    const scene = await openPaced(open, 1, ["a", "b", "c", "d"]);
    expect(await scene.claimIds("w")).toEqual(["a"]);
    await scene.store.changeQueue("default", { rate: null });
    expect(await scene.claimIds("w", { limit: 1 })).toEqual(["b"]);
    await scene.store.changeQueue("default", { rate: { starts: 1, periodMs: PERIOD_MS } });
    expect(await scene.claimIds("w")).toEqual(["c"]);
    expect(await scene.claimIds("w")).toEqual([]);
  });

  test("when it is changed, the starts that it counted still count", async () => {
    const scene = await openPaced(open, 2, ["a", "b", "c", "d"]);
    expect(await scene.claimIds("w")).toEqual(["a", "b"]);
    await scene.store.changeQueue("default", { rate: { starts: 3, periodMs: PERIOD_MS } });
    expect(await scene.claimIds("w")).toEqual(["c"]);
    await scene.store.changeQueue("default", { rate: { starts: 1, periodMs: 2 * PERIOD_MS } });
    scene.time.pass(PERIOD_MS);
    expect(await scene.claimIds("w")).toEqual([]);
    scene.time.pass(PERIOD_MS);
    expect(await scene.claimIds("w")).toEqual(["d"]);
  });

  test("a longer period that it is given counts what the shorter one let through and had no need to remember", async () => {
    const scene = await openPaced(open, 2, []);
    await scene.store.changeQueue("default", { rate: { starts: 2, periodMs: 1_000 } });
    await scene.enqueue(...Array.from({ length: 20 }, () => ({})));
    const first = scene.time.now();
    for (let second = 0; second < 4; second++)
      expect(await scene.claim("w", { now: first + second * 1_000 })).toHaveLength(2);
    await scene.store.changeQueue("default", { rate: { starts: 5, periodMs: PERIOD_MS } });
    const fifthNewest = first + 1_000;
    expect(await scene.claim("w", { now: fifthNewest + PERIOD_MS - 1 })).toEqual([]);
    expect(await scene.claim("w", { now: fifthNewest + PERIOD_MS })).toHaveLength(1);
  });

  test("what was counted before it was lowered counts when it is raised again", async () => {
    const scene = await openPaced(open, 3, ["a", "b", "c", "d", "e", "f"]);
    expect(await scene.claimIds("w")).toEqual(["a", "b", "c"]);
    await scene.store.changeQueue("default", { rate: { starts: 1, periodMs: PERIOD_MS } });
    scene.time.pass(PERIOD_MS);
    expect(await scene.claimIds("w")).toEqual(["d"]);
    await scene.store.changeQueue("default", { rate: { starts: 3, periodMs: 2 * PERIOD_MS } });
    scene.time.pass(PERIOD_MS - 1_000);
    expect(await scene.claimIds("w")).toEqual([]);
    scene.time.pass(1_000);
    expect(await scene.claimIds("w")).toEqual(["e", "f"]);
  });

  test("no start after a change is one too many for the new rate, whatever the old one let through", async () => {
    const rate = fc.record({
      starts: fc.integer({ min: 1, max: 6 }),
      periodMs: fc.integer({ min: 1, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(
        rate,
        rate,
        fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 10, maxLength: 30 }),
        async (was, becomes, pausesMs) => {
          const scene = await open();
          await scene.enqueue(...Array.from({ length: 200 }, () => ({})));
          await scene.startWorker("w");
          await scene.store.changeQueue("default", { rate: was });
          const begun: number[] = [];
          let now = scene.time.now();
          for (const [index, pauseMs] of pausesMs.entries()) {
            const isChanged = index >= pausesMs.length / 2;
            if (index === Math.ceil(pausesMs.length / 2))
              await scene.store.changeQueue("default", { rate: becomes });
            now += pauseMs;
            const claimed = await scene.claim("w", { now });
            const allowed = becomes.starts - begun.filter((at) => at > now - becomes.periodMs).length;
            if (isChanged) expect(claimed.length).toBeLessThanOrEqual(Math.max(0, allowed));
            begun.push(...claimed.map(() => now));
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  test("after the wall clock was set back it is closed for one period, and not for the whole step", async () => {
    const scene = await openPaced(open, 1, ["a", "b"]);
    expect(await scene.claimIds("w")).toEqual(["a"]);
    expect(await scene.claimIds("w")).toEqual([]);
    scene.time.stepWallClock(-86_400_000);
    await scene.store.rebaseWaits(scene.time.now());
    expect(await scene.claimIds("w")).toEqual([]);
    scene.time.pass(PERIOD_MS);
    expect(await scene.claimIds("w")).toEqual(["b"]);
  });

  test("in no window of its period are there more starts than it says, however claims and time go", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(
          fc.record({ afterMs: fc.integer({ min: 0, max: 40 }), limit: fc.integer({ min: 1, max: 4 }) }),
          {
            minLength: 5,
            maxLength: 25,
          },
        ),
        async (starts, claims) => {
          const periodMs = 50;
          const scene = await open();
          await scene.store.changeQueue("default", { rate: { starts, periodMs } });
          await scene.enqueue(...Array.from({ length: 100 }, () => ({})));
          await scene.startWorker("w");
          const begun: number[] = [];
          let now = scene.time.now();
          for (const { afterMs, limit } of claims) {
            now += afterMs;
            const allowed = starts - begun.filter((at) => at > now - periodMs).length;
            const claimed = await scene.claim("w", { now, limit });
            expect(claimed).toHaveLength(Math.min(allowed, limit));
            begun.push(...claimed.map(() => now));
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});

/** A worker and a queue of jobs of which so many may start in a period. */
async function openPaced(open: () => Promise<Scene>, starts: number, ids: string[]): Promise<Scene> {
  const scene = await open();
  await scene.store.changeQueue("default", { rate: { starts, periodMs: PERIOD_MS } });
  await scene.enqueue(...ids.map((id) => ({ id })));
  await scene.startWorker("w");
  return scene;
}

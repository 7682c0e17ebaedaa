import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { buildWorker } from "../../tests/support/build-job.ts";
import { MemoryTruth, memoryStore } from "../../tests/support/memory-store.ts";
import { TestTime } from "../../tests/support/test-time.ts";
import { QueuectlError } from "../domain/errors.ts";
import type { Store } from "../store/store.ts";
import { Lookout } from "./lookout.ts";
import { identifySelf } from "./process-identity.ts";
import type { WorkerOptions } from "./worker-options.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const POLL_MS = 2_000;
const identity = identifySelf();

/** A lookout over a store that tells of changes when the test says so, and what it has done so far. */
async function startLookout(given: Partial<Store> = {}) {
  const time = new TestTime();
  time.bootId = identity.bootId;
  const store = memoryStore(new MemoryTruth(), time);
  await store.registerWorker(buildWorker("self", { identity, leaseMs: 1_000_000 }), time.now());
  const seen = { looks: 0, polls: 0, troubles: 0, isDue: false, mark: "first" };
  const watched: Store = {
    ...store,
    changeMark: async () => seen.mark,
    listWorkers: async () => {
      seen.looks += 1;
      return await store.listWorkers();
    },
    ...given,
  };
  const lookout = new Lookout(
    { store: watched, identity, drain: false, pool: null, onEvent: () => {} } as unknown as WorkerOptions,
    {
      membership: { id: "self", mayJudgeLeases: true } as never,
      settings: () => ({ pollIntervalMs: POLL_MS, crashLimit: 3 }) as never,
      isStopping: () => false,
      isDue: () => seen.isDue,
    },
    {
      own: () => {},
      news: () => {},
      polled: () => {
        seen.polls += 1;
      },
      trouble: () => {
        seen.troubles += 1;
      },
    },
  );
  const ended = lookout.run();
  const end = async () => {
    lookout.stop();
    await ended;
    expect(vi.getTimerCount()).toBe(0);
  };
  /** So much time passes; what was done in it. */
  const pass = async (ms: number) => {
    const { looks, polls, troubles } = seen;
    await vi.advanceTimersByTimeAsync(ms);
    return {
      looks: seen.looks - looks,
      polls: seen.polls - polls,
      troubles: seen.troubles - troubles,
    };
  };
  return { store, time, seen, lookout, pass, end };
}

const NOTHING = { looks: 0, polls: 0, troubles: 0 };

test("a worker alone looks and polls once, and no more while nothing is changed", async () => {
  const { pass, end } = await startLookout();
  expect(await pass(POLL_MS)).toEqual({ looks: 1, polls: 1, troubles: 0 });
  expect(await pass(60_000)).toEqual(NOTHING);
  await end();
});

test("a change of which no ring tells is looked at within half a second, and polled for within the poll interval", async () => {
  const { seen, pass, end } = await startLookout();
  await pass(POLL_MS);
  seen.mark = "second";
  expect(await pass(500)).toEqual({ looks: 1, polls: 0, troubles: 0 });
  expect(await pass(POLL_MS - 500)).toEqual({ looks: 0, polls: 1, troubles: 0 });
  expect(await pass(60_000)).toEqual(NOTHING);
  await end();
});

test("what is due by a wall clock that was put forward is polled for, though nothing is changed", async () => {
  const { seen, pass, end } = await startLookout();
  await pass(POLL_MS);
  seen.isDue = true;
  expect(await pass(POLL_MS)).toEqual({ looks: 0, polls: 1, troubles: 0 });
  await end();
});

test("after the wall clock was set back all is polled for, though nothing is changed", async () => {
  const { pass, end } = await startLookout();
  await pass(POLL_MS);
  vi.setSystemTime(Date.now() - 3_600_000);
  expect(await pass(POLL_MS)).toEqual({ looks: 0, polls: 1, troubles: 0 });
  await end();
});

test("a sibling is looked at twice a second as long as it lives: it may die without a change", async () => {
  const { store, time, pass, end } = await startLookout();
  const ended = { ...identity, pid: spawnSync("true").pid };
  await store.registerWorker(buildWorker("sibling", { identity, leaseMs: 1_000_000 }), time.now());
  await store.registerWorker(buildWorker("dead", { identity: ended, leaseMs: 1_000_000 }), time.now());
  expect((await pass(5_000)).looks).toBeGreaterThanOrEqual(10);
  await store.removeWorker("sibling");
  await pass(500);
  expect(await pass(5_000)).toMatchObject({ looks: 0 });
  await end();
});

test("a look that fails is made again, though nothing is changed", async () => {
  let isLocked = true;
  const { pass, end } = await startLookout({
    listOrphans: async () => {
      if (isLocked) throw new QueuectlError("store_locked", "not now");
      return [];
    },
  });
  expect(await pass(1_000)).toMatchObject({ looks: 3, troubles: 3 });
  isLocked = false;
  expect(await pass(500)).toMatchObject({ looks: 1, troubles: 0 });
  expect(await pass(POLL_MS)).toMatchObject({ looks: 0, troubles: 0 });
  await end();
});

test("a ring hastens the next look; many rings do so ten times a second at most", async () => {
  const { seen, lookout, pass, end } = await startLookout();
  // Halfway between two looks.
  await pass(POLL_MS + 250);
  seen.mark = "second";
  lookout.ring();
  expect(await pass(0)).toMatchObject({ looks: 1 });
  let looks = 0;
  for (let rung = 0; rung < 100; rung += 1) {
    seen.mark = `ring ${rung}`;
    lookout.ring();
    looks += (await pass(10)).looks;
  }
  expect(looks).toBeGreaterThanOrEqual(9);
  expect(looks).toBeLessThanOrEqual(13);
  await end();
});

import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { until } from "../../tests/support/queuectl.ts";
import { LONG_MS, untilFile, WorkerScene } from "../../tests/support/worker-scene.ts";
import { QueuectlError } from "../domain/errors.ts";
import type { FiredInstant, NewSchedule } from "../store/schedule-store.ts";
import type { Store } from "../store/store.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 86_400 * SECOND;

/** Of each second, unless the test says otherwise; due from the next whole second on. */
async function add(store: Store, given: Partial<NewSchedule> = {}): Promise<void> {
  const now = Date.now();
  const schedule: NewSchedule = {
    name: "tick",
    pattern: "* * * * * *",
    zone: "UTC",
    overlap: "allow",
    catchUp: "one",
    job: '{"command":"true"}',
    createdAt: now,
    nextAt: Math.ceil((now + 1) / SECOND) * SECOND,
    ...given,
  };
  await store.schedules.put(schedule, null);
}

async function history(store: Store, name = "tick"): Promise<FiredInstant[]> {
  return await store.schedules.history(name, 1_000);
}

test("a worker fires each instant when it comes, not before, and runs its job, without a poll", async () => {
  const scene = await WorkerScene.open();
  await scene.startWorker({ settings: { pollIntervalMs: LONG_MS } });
  // However late this machine lets it look.
  await add(scene.store, { catchUp: "all" });
  const [first, second] = await until(async () => {
    const fired = await history(scene.store);
    return fired.length >= 2 && fired;
  }, "two instants to be fired");
  expect(first).toMatchObject({ outcome: "fired", note: null });
  expect((second?.instant ?? 0) - (first?.instant ?? 0)).toBe(SECOND);
  for (const { instant, at, jobId } of await history(scene.store)) {
    expect(at).toBeGreaterThanOrEqual(instant);
    await scene.jobWhen(jobId as string, "completed");
    const [{ startedAt } = { startedAt: 0 }] = await scene.history(jobId as string);
    expect(startedAt).toBeGreaterThanOrEqual(instant);
  }
});

test("a worker that no ring reaches finds an added schedule at its next poll", async () => {
  const scene = await WorkerScene.open();
  const deaf = { ...scene.store, onWakeup: () => () => {} };
  const worker = await scene.startWorker({ store: deaf, settings: { pollIntervalMs: 50 } });
  await worker.says("polling");
  await add(scene.store);
  await until(async () => (await history(scene.store)).length > 0, "an instant to be fired");
});

test.each([
  [
    "one",
    [
      ["missed", 3],
      ["missed", 2],
      ["missed", 1],
      ["fired", 0],
    ],
  ],
  [
    "all",
    [
      ["fired", 3],
      ["fired", 2],
      ["fired", 1],
      ["fired", 0],
    ],
  ],
  [
    "none",
    [
      ["missed", 3],
      ["missed", 2],
      ["missed", 1],
      ["missed", 0],
    ],
  ],
] as const)(
  "who starts after a downtime catches up with `%s`, before it finds nothing to do",
  async (catchUp, expected) => {
    const scene = await WorkerScene.open();
    // Its newest instant was twenty seconds ago, and the next is forty away.
    const newest = Math.floor(Date.now() / SECOND) * SECOND - 20 * SECOND;
    const pattern = `${new Date(newest).getUTCSeconds()} * * * * *`;
    await add(scene.store, { pattern, catchUp, nextAt: newest - 3 * MINUTE });
    await (await scene.startWorker({ drain: true })).ended;
    const fired = (await history(scene.store)).map(({ outcome, instant }) => [
      outcome,
      (newest - instant) / MINUTE,
    ]);
    expect(fired).toEqual(expected);
    const jobs = await Array.fromAsync(scene.store.listJobs());
    expect(jobs.map(({ state }) => state)).toEqual(
      expected.filter(([outcome]) => outcome === "fired").map(() => "completed"),
    );
  },
);

test("who has a long downtime to catch up starts other jobs after the first batch, and drains after the last", async () => {
  const scene = await WorkerScene.open();
  await add(scene.store, {
    catchUp: "all",
    nextAt: Date.now() - 3_000 * SECOND,
    job: '{"command":"true","queue":"ticks"}',
  });
  await scene.enqueue({ id: "plain", queue: "other" });
  const hasRun = Promise.withResolvers<void>();
  let batches = 0;
  const fire: Store["schedules"]["fire"] = async (firing) => {
    batches += 1;
    if (batches > 1) await hasRun.promise;
    return await scene.store.schedules.fire(firing);
  };
  const store = { ...scene.store, schedules: { ...scene.store.schedules, fire } };
  const worker = await scene.startWorker({ store, queues: ["other"], drain: true });
  await scene.jobWhen("plain", "completed");
  await until(() => batches > 1, "the second batch");
  expect(worker.heard("drained")).toEqual([]);
  hasRun.resolve();
  await worker.ended;
  expect((await scene.store.schedules.get("tick"))?.nextAt ?? 0).toBeGreaterThan(Date.now() - 5 * SECOND);
});

test("a schedule that nobody understands is told of, and in no other's way", async () => {
  const scene = await WorkerScene.open();
  await add(scene.store, { name: "broken", pattern: "every full moon" });
  const worker = await scene.startWorker();
  await add(scene.store);
  await until(async () => (await history(scene.store)).length > 0, "the other one to be fired");
  const { error } = await worker.says("trouble");
  expect(error).toMatchObject({
    code: "invalid_schedule",
    message: expect.stringContaining('The schedule "broken" could not be fired: '),
  });
  expect(await history(scene.store, "broken")).toEqual([]);
});

test("an instant whose job nobody can make is refused, and the schedule goes on", async () => {
  const scene = await WorkerScene.open();
  await add(scene.store, { job: '{"command":"true","from":"the future"}' });
  await scene.startWorker();
  const refused = await until(async () => {
    const all = await history(scene.store);
    return all.length >= 2 && all;
  }, "two instants to be decided");
  for (const { outcome, note } of refused)
    expect([outcome, note]).toEqual(["refused", 'Unknown job field "from"']);
});

test("a firing that the store refuses is tried again, without a poll or a ring", async () => {
  const scene = await WorkerScene.open();
  let refusals = 0;
  const fire: Store["schedules"]["fire"] = async (firing) => {
    refusals += 1;
    if (refusals <= 1) throw new QueuectlError("store_locked", "Somebody else is at it");
    return await scene.store.schedules.fire(firing);
  };
  const store = { ...scene.store, onWakeup: () => () => {}, schedules: { ...scene.store.schedules, fire } };
  await add(store, { pattern: "0 0 1 1 *", nextAt: Date.now() - SECOND, catchUp: "none" });
  await scene.startWorker({ store });
  await until(() => refusals >= 2, "it to be tried again");
  const nextAt = async () => (await scene.store.schedules.get("tick"))?.nextAt ?? 0;
  await until(async () => (await nextAt()) > Date.now(), "it to go on");
});

test("who starts with a clock that is back again fires what comes next, and nothing twice", async () => {
  const scene = await WorkerScene.open();
  // Somebody's clock was a day ahead, and at its next minute something was fired there.
  await add(scene.store, { nextAt: Date.now() + DAY });
  await scene.startWorker();
  const fired = await until(async () => {
    const all = await history(scene.store);
    return all.length >= 2 && all;
  }, "instants of today to be fired");
  expect((fired[1]?.instant ?? 0) - (fired[0]?.instant ?? 0)).toBe(SECOND);
});

test("a worker that is stopping fires nothing more", async () => {
  const scene = await WorkerScene.open();
  const gate = scene.file("gate");
  await scene.enqueue({ id: "last", command: untilFile(gate) });
  const worker = await scene.startWorker();
  await scene.jobWhen("last", "processing");
  worker.worker.stop();
  await worker.says("stopping");
  await add(scene.store, { nextAt: Date.now() - 2 * SECOND });
  writeFileSync(gate, "");
  await worker.ended;
  expect(await history(scene.store)).toEqual([]);
});

test("a paused schedule fires nothing, and what would have come meanwhile is not caught up", async () => {
  const scene = await WorkerScene.open();
  await add(scene.store, { nextAt: Date.now() - 3 * DAY, catchUp: "all" });
  const { createdAt = 0, nextAt = 0 } = (await scene.store.schedules.get("tick")) ?? {};
  const was = { createdAt, nextAt, missed: [] };
  await scene.store.schedules.setPaused("tick", { was, isPaused: true, nextAt, now: Date.now() });
  await (await scene.startWorker({ drain: true })).ended;
  expect(await history(scene.store)).toEqual([]);
});

import { expect, test } from "vitest";
import type { NewJob } from "../../src/domain/job.ts";
import type {
  ClockSetBack,
  DueFiring,
  FiringByHand,
  NewSchedule,
  PauseChange,
  ScheduledRun,
} from "../../src/store/schedule-store.ts";
import { buildJob } from "../support/build-job.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

const NINE = Date.parse("2026-11-25T09:00:00Z");
const HOUR = 3_600_000;
const [TEN, ELEVEN, TWELVE] = [NINE + HOUR, NINE + 2 * HOUR, NINE + 3 * HOUR];

function buildSchedule(given: Partial<NewSchedule> = {}): NewSchedule {
  return {
    name: "hourly",
    pattern: "0 * * * *",
    zone: "UTC",
    overlap: "allow",
    catchUp: "one",
    job: '{"command":"true"}',
    createdAt: NINE,
    nextAt: TEN,
    ...given,
  };
}

async function put(scene: Scene, given: Partial<NewSchedule> = {}): Promise<void> {
  await scene.store.schedules.put(buildSchedule(given), null);
}

function runAt(instant: number, given: Partial<NewJob> = {}): ScheduledRun {
  const member = new Date(instant).toISOString();
  const group = { kind: "schedule", id: "hourly", member } as const;
  return {
    instant,
    job: buildJob({ id: `hourly:${instant}`, group, createdAt: instant, runAt: instant, ...given }),
  };
}

/** Of the schedule that `put` makes, at ten, as a worker would ask for it. */
function buildFiring(given: Partial<DueFiring> = {}): DueFiring {
  return {
    kind: "due",
    name: "hourly",
    createdAt: NINE,
    expectedNextAt: TEN,
    nextAt: ELEVEN,
    runs: [runAt(TEN)],
    missed: [],
    refused: [],
    now: TEN + 3,
    ...given,
  };
}

function buildByHand(run: ScheduledRun): FiringByHand {
  return { kind: "by_hand", name: "hourly", createdAt: NINE, run, now: TEN + 3 };
}

function buildSetBack(expectedNextAt: number): ClockSetBack {
  return { kind: "set_back", name: "hourly", createdAt: NINE, expectedNextAt, nextAt: TEN, now: TEN + 3 };
}

/** Of the schedule that `put` makes. */
function buildPause(given: Partial<PauseChange> = {}): PauseChange {
  const was = { createdAt: NINE, nextAt: TEN, missed: [] };
  return { was, isPaused: true, nextAt: TEN, now: TEN, ...given };
}

/** What every claim of an idle worker gets at once. */
async function claimable(scene: Scene): Promise<string[]> {
  await scene.startWorker("w");
  return (await scene.claim("w", { now: TWELVE + HOUR })).map(({ job }) => job.id);
}

describeStores("schedules", (open) => {
  test("a schedule is there as it was given, and nothing of it was fired yet", async () => {
    const { store } = await open();
    const schedule = buildSchedule({ zone: "Europe/Rome", overlap: "skip", catchUp: "all" });
    await store.schedules.put(schedule, null);
    const record = { ...schedule, isPaused: false, decidedUntil: null, last: null };
    expect(await store.schedules.get("hourly")).toEqual(record);
    expect(await store.schedules.list()).toEqual([record]);
    expect(await store.schedules.get("daily")).toBeUndefined();
    expect(await store.schedules.history("hourly", 10)).toEqual([]);
  });

  test("a second one of the name is refused, or replaces it: its history and a pause stay", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene);
    await schedules.fire(buildFiring());
    const was = { createdAt: NINE, nextAt: ELEVEN, missed: [] };
    await schedules.setPaused("hourly", buildPause({ was, nextAt: ELEVEN }));
    const other = buildSchedule({ pattern: "30 * * * *", createdAt: TEN, nextAt: TEN + HOUR / 2 });
    await expect(schedules.put(other, null)).rejects.toMatchObject({
      code: "duplicate_schedule",
    });
    expect(await schedules.get("hourly")).toMatchObject({ pattern: "0 * * * *" });
    expect(await schedules.put(other, was)).toBe(true);
    expect(await schedules.get("hourly")).toMatchObject({ ...other, isPaused: true, last: { instant: TEN } });
    expect(await schedules.history("hourly", 10)).toHaveLength(1);
  });

  test("one that is called like a job is refused", async () => {
    const scene = await open();
    await scene.enqueue({ id: "hourly" });
    await expect(put(scene)).rejects.toMatchObject({ code: "duplicate_id" });
    expect(await scene.store.schedules.list()).toEqual([]);
  });

  test("all are listed by name", async () => {
    const scene = await open();
    for (const name of ["b", "c", "a"]) await put(scene, { name });
    expect((await scene.store.schedules.list()).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  test("those that are due are told, and when the next is", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene, { name: "ten" });
    await put(scene, { name: "eleven", nextAt: ELEVEN });
    await put(scene, { name: "twelve", nextAt: TWELVE });
    await put(scene, { name: "never", nextAt: null });
    await put(scene, { name: "paused", nextAt: NINE });
    const was = { createdAt: NINE, nextAt: NINE, missed: [] };
    await schedules.setPaused("paused", buildPause({ was, nextAt: NINE }));
    const due = async (now: number) => {
      const { schedules: found, nextDueAt } = await schedules.due(now);
      return [found.map(({ name }) => name), nextDueAt];
    };
    expect(await due(TEN - 1)).toEqual([[], TEN]);
    expect(await due(TEN)).toEqual([["ten"], ELEVEN]);
    expect(await due(TWELVE)).toEqual([["ten", "eleven", "twelve"], null]);
  });

  test("an instant is fired: its job is there, its outcome recorded, and the next one awaited", async () => {
    const scene = await open();
    const { store } = scene;
    await put(scene);
    const fired = { instant: TEN, outcome: "fired", jobId: `hourly:${TEN}`, note: null, at: TEN + 3 };
    expect(await store.schedules.fire(buildFiring())).toEqual([fired]);
    expect(await store.schedules.get("hourly")).toMatchObject({ nextAt: ELEVEN, last: fired });
    expect(await store.getJob(`hourly:${TEN}`)).toMatchObject({
      state: "pending",
      group: { kind: "schedule", id: "hourly", member: "2026-11-25T10:00:00.000Z" },
    });
  });

  test("of two workers that see the same instant come, one fires it", async () => {
    const scene = await open();
    const other = await scene.openAnother();
    await put(scene);
    const answers = await Promise.all(
      [scene.store, other].map(({ schedules }) => schedules.fire(buildFiring())),
    );
    expect(answers.filter((answer) => answer === null)).toHaveLength(1);
    expect(await scene.ids()).toEqual([`hourly:${TEN}`]);
    expect(await scene.store.schedules.history("hourly", 10)).toHaveLength(1);
  });

  test("nothing is fired of one that was paused, moved on, or removed meanwhile", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene);
    await schedules.setPaused("hourly", buildPause());
    expect(await schedules.fire(buildFiring())).toBeNull();
    await schedules.setPaused("hourly", buildPause({ isPaused: false, nextAt: ELEVEN }));
    expect(await schedules.fire(buildFiring())).toBeNull();
    await schedules.remove("hourly");
    expect(await schedules.fire(buildFiring({ expectedNextAt: ELEVEN }))).toBeNull();
    expect(await scene.ids()).toEqual([]);
  });

  test("nothing is fired of one that another has replaced, with the same next instant", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene);
    const other = buildSchedule({ createdAt: NINE + 1, job: '{"command":"false"}' });
    await schedules.put(other, { createdAt: NINE, nextAt: TEN, missed: [] });
    expect(await schedules.fire(buildFiring())).toBeNull();
    await schedules.remove("hourly");
    await put(scene, { createdAt: NINE + 2 });
    expect(await schedules.fire(buildFiring({ createdAt: NINE + 1 }))).toBeNull();
    expect(await schedules.fire(buildByHand(runAt(TEN)))).toBeNull();
    expect(await scene.ids()).toEqual([]);
    expect(await schedules.fire(buildFiring({ createdAt: NINE + 2 }))).toMatchObject([{ outcome: "fired" }]);
  });

  test("a person's run needs no instant to be due, also of one that is paused, and moves nothing", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene);
    await schedules.setPaused("hourly", buildPause());
    expect(await schedules.fire(buildByHand(runAt(NINE + 7)))).toMatchObject([
      { instant: NINE + 7, outcome: "fired" },
    ]);
    expect(await schedules.get("hourly")).toMatchObject({ nextAt: TEN, isPaused: true });
  });

  test("an instant that was fired is not fired again, whatever a wrong clock has made of the next one", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene);
    await schedules.fire(buildFiring());
    // Set back before ten: what comes next is ten once more.
    expect(await schedules.fire(buildSetBack(ELEVEN))).toEqual([]);
    expect(await schedules.fire(buildFiring({ runs: [runAt(TEN, { command: "second" })] }))).toEqual([]);
    expect(await scene.ids()).toEqual([`hourly:${TEN}`]);
    expect(await schedules.history("hourly", 10)).toMatchObject([{ instant: TEN, at: TEN + 3 }]);
  });

  test("an instant that was missed only by a wrong clock may be fired yet", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene);
    const missed = { instant: TEN, outcome: "missed", jobId: null, note: null, at: TWELVE };
    const firing = buildFiring({ missed: [TEN], runs: [], nextAt: TWELVE, now: TWELVE });
    expect(await schedules.fire(firing)).toEqual([missed]);
    expect(await schedules.history("hourly", 10)).toEqual([missed]);
    await schedules.fire(buildSetBack(TWELVE));
    expect(await schedules.history("hourly", 10)).toEqual([]);
    expect(await schedules.get("hourly")).toMatchObject({ nextAt: TEN, decidedUntil: TWELVE });
    expect(await schedules.fire(buildFiring())).toMatchObject([{ instant: TEN, outcome: "fired" }]);
    expect(await schedules.get("hourly")).toMatchObject({ nextAt: ELEVEN, decidedUntil: TWELVE });
    expect(await schedules.history("hourly", 10)).toMatchObject([{ instant: TEN, outcome: "fired" }]);
  });

  test("instants that were skipped or refused only by a wrong clock may be fired yet", async () => {
    const scene = await open();
    const { store } = scene;
    await put(scene, { overlap: "skip" });
    await store.schedules.fire(buildFiring({ runs: [runAt(TEN), runAt(ELEVEN)], nextAt: TWELVE }));
    await scene.startWorker("w");
    await scene.finish("w", await scene.claim("w", { now: TEN }));
    await store.changeQueue("default", { state: "draining" });
    const refused = buildFiring({ expectedNextAt: TWELVE, nextAt: TWELVE + HOUR, runs: [runAt(TWELVE)] });
    expect(await store.schedules.fire(refused)).toMatchObject([{ outcome: "refused" }]);
    await store.changeQueue("default", { state: "open" });
    await store.schedules.fire(buildSetBack(TWELVE + HOUR));
    expect(await store.schedules.history("hourly", 10)).toMatchObject([{ instant: TEN, outcome: "fired" }]);
    expect(await store.schedules.fire(buildFiring({ runs: [runAt(TEN), runAt(ELEVEN)] }))).toMatchObject([
      { instant: ELEVEN, outcome: "fired" },
    ]);
  });

  test("several instants are fired at once, in order, beside those that were missed", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene);
    const firing = buildFiring({
      missed: [TEN],
      runs: [runAt(ELEVEN), runAt(TWELVE)],
      nextAt: null,
      now: TWELVE,
    });
    const outcomes = (await schedules.fire(firing))?.map(({ outcome }) => outcome);
    expect(outcomes).toEqual(["missed", "fired", "fired"]);
    expect(await scene.ids()).toEqual([`hourly:${ELEVEN}`, `hourly:${TWELVE}`]);
    expect((await schedules.history("hourly", 2)).map(({ instant }) => instant)).toEqual([ELEVEN, TWELVE]);
    expect(await schedules.get("hourly")).toMatchObject({ nextAt: null, last: { instant: TWELVE } });
  });

  test("an instant is skipped while an earlier job waits, runs or is to be retried, and the next fires", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene, { overlap: "skip" });
    await schedules.fire(buildFiring());
    const second = buildFiring({
      expectedNextAt: ELEVEN,
      nextAt: TWELVE,
      runs: [runAt(ELEVEN)],
      now: ELEVEN,
    });
    expect(await schedules.fire(second)).toEqual([
      {
        instant: ELEVEN,
        outcome: "skipped",
        jobId: null,
        note: `job "hourly:${TEN}" is unfinished`,
        at: ELEVEN,
      },
    ]);
    await scene.startWorker("w");
    await scene.finish("w", await scene.claim("w", { now: ELEVEN }));
    const third = buildFiring({ expectedNextAt: TWELVE, nextAt: null, runs: [runAt(TWELVE)], now: TWELVE });
    expect(await schedules.fire(third)).toMatchObject([{ instant: TWELVE, outcome: "fired" }]);
    expect(await scene.ids()).toEqual([`hourly:${TEN}`, `hourly:${TWELVE}`]);
  });

  test("with `queue` a job waits for the earlier one's end, whoever is free", async () => {
    const scene = await open();
    await put(scene, { overlap: "queue" });
    await scene.store.schedules.fire(buildFiring({ runs: [runAt(TEN), runAt(ELEVEN)] }));
    expect(await claimable(scene)).toEqual([`hourly:${TEN}`]);
    await scene.startWorker("v");
    expect(await scene.claim("v", { now: TWELVE })).toEqual([]);
    const [running] = (await scene.store.listWorkers()).flatMap(({ held }) => held);
    expect(running).toMatchObject({ jobId: `hourly:${TEN}` });
  });

  test("with `queue` a job waits for the end of one that is to be retried", async () => {
    const scene = await open();
    await put(scene, { overlap: "queue" });
    await scene.store.schedules.fire(buildFiring());
    await scene.startWorker("w");
    const failed = { to: "failed", attempts: 1, dueAt: TWELVE } as const;
    const outcome = { kind: "failed", exitCode: 1 } as const;
    await scene.finish("w", await scene.claim("w", { now: TEN }), { outcome, transition: failed });
    await scene.store.schedules.fire(
      buildFiring({ expectedNextAt: ELEVEN, nextAt: TWELVE, runs: [runAt(ELEVEN)] }),
    );
    expect(await scene.claim("w", { now: ELEVEN })).toEqual([]);
    const again = await scene.claim("w", { now: TWELVE });
    expect(again.map(({ job }) => job.id)).toEqual([`hourly:${TEN}`]);
    await scene.finish("w", again);
    expect((await scene.claim("w", { now: TWELVE })).map(({ job }) => job.id)).toEqual([`hourly:${ELEVEN}`]);
  });

  test("with `queue` who waits behind one that is cancelled waits for those before it", async () => {
    const scene = await open();
    const { store } = scene;
    await put(scene, { overlap: "queue" });
    await store.schedules.fire(buildFiring({ runs: [runAt(TEN), runAt(ELEVEN), runAt(TWELVE)] }));
    await store.cancelJobs([`hourly:${ELEVEN}`], TWELVE);
    const seq = (await store.getJob(`hourly:${TWELVE}`))?.seq ?? 0;
    expect((await store.readWaits(seq)).dependencies).toMatchObject([
      { on: `hourly:${TEN}`, condition: "finished", state: "pending" },
      { on: `hourly:${ELEVEN}`, condition: "finished", state: "cancelled" },
    ]);
    await scene.startWorker("w");
    await scene.finish("w", await scene.claim("w", { now: TWELVE }));
    expect((await scene.claim("w", { now: TWELVE })).map(({ job }) => job.id)).toEqual([`hourly:${TWELVE}`]);
  });

  test("with `queue` all that wait may be cancelled at once", async () => {
    const scene = await open();
    const { store } = scene;
    await put(scene, { overlap: "queue" });
    const runs = [runAt(TEN), runAt(ELEVEN), runAt(TWELVE)];
    await store.schedules.fire(buildFiring({ runs }));
    await store.cancelJobs(["hourly"], TWELVE);
    expect(await scene.ids({ state: "cancelled" })).toEqual(runs.map(({ job }) => job.id));
  });

  test("of several at once, `replace` enqueues the newest, and tells of the others", async () => {
    const scene = await open();
    await put(scene, { overlap: "replace" });
    const firing = buildFiring({ runs: [runAt(TEN), runAt(ELEVEN), runAt(TWELVE)], nextAt: null });
    expect(await scene.store.schedules.fire(firing)).toMatchObject([
      {
        instant: TEN,
        outcome: "skipped",
        jobId: null,
        note: "a newer one came with it, and takes its place",
      },
      { instant: ELEVEN, outcome: "skipped" },
      { instant: TWELVE, outcome: "fired" },
    ]);
    expect(await scene.ids()).toEqual([`hourly:${TWELVE}`]);
  });

  test.each(["skip", "queue", "replace"] as const)(
    "with `%s` a run that a clock that was ahead has fired, and nobody has started, stands in no earlier one's way",
    async (overlap) => {
      const scene = await open();
      const { store } = scene;
      await put(scene, { overlap });
      await store.schedules.fire(buildFiring({ runs: [runAt(TWELVE)], nextAt: TWELVE + HOUR }));
      await store.schedules.fire(buildSetBack(TWELVE + HOUR));
      expect(await store.schedules.fire(buildFiring())).toMatchObject([{ outcome: "fired", note: null }]);
      await scene.startWorker("w");
      expect((await scene.claim("w", { now: TEN })).map(({ job }) => job.id)).toEqual([`hourly:${TEN}`]);
      expect(await store.getJob(`hourly:${TWELVE}`)).toMatchObject({ state: "pending" });
    },
  );

  test("an instant whose job cannot be made is refused, and the schedule goes on", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene);
    const refused = [{ instant: TEN, note: "no such field" }];
    expect(await schedules.fire(buildFiring({ runs: [], refused }))).toEqual([
      { instant: TEN, outcome: "refused", jobId: null, note: "no such field", at: TEN + 3 },
    ]);
    expect(await schedules.get("hourly")).toMatchObject({ nextAt: ELEVEN, last: { outcome: "refused" } });
  });

  test("what had come of one that is paused or replaced was missed", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene);
    const missed = (instant: number, at: number) => ({
      instant,
      outcome: "missed",
      jobId: null,
      note: null,
      at,
    });
    const was = { createdAt: NINE, nextAt: TEN, missed: [TEN] };
    expect(await schedules.setPaused("hourly", buildPause({ was, nextAt: ELEVEN, now: TEN + 1 }))).toBe(true);
    const other = buildSchedule({ createdAt: ELEVEN + 1, nextAt: TWELVE });
    expect(await schedules.put(other, { createdAt: NINE, nextAt: ELEVEN, missed: [ELEVEN] })).toBe(true);
    expect(await schedules.history("hourly", 10)).toEqual([missed(TEN, TEN + 1), missed(ELEVEN, ELEVEN + 1)]);
  });

  test("one that was fired or replaced meanwhile is neither paused nor replaced by who saw it before", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene);
    const other = buildSchedule({ createdAt: NINE + 1 });
    for (const was of [
      { createdAt: NINE - 1, nextAt: TEN, missed: [TEN] },
      { createdAt: NINE, nextAt: ELEVEN, missed: [TEN] },
    ]) {
      expect(await schedules.setPaused("hourly", buildPause({ was }))).toBe(false);
      expect(await schedules.put(other, was)).toBe(false);
    }
    expect(await schedules.put({ ...other, name: "x" }, { createdAt: NINE, nextAt: TEN, missed: [] })).toBe(
      false,
    );
    expect(await schedules.get("hourly")).toMatchObject({ createdAt: NINE, isPaused: false, last: null });
    expect(await schedules.get("x")).toBeUndefined();
  });

  test("who waits for a schedule waits for what is unfinished of it, else for its newest run", async () => {
    const scene = await open();
    await put(scene);
    await scene.store.schedules.fire(buildFiring({ runs: [runAt(TEN)] }));
    await scene.startWorker("w");
    const dead = { to: "dead", attempts: 1, reason: "retries_spent" } as const;
    const outcome = { kind: "failed", exitCode: 1 } as const;
    await scene.finish("w", await scene.claim("w", { now: TEN }), { outcome, transition: dead });
    const dependsOn = [{ on: "hourly", condition: "completed" as const }];
    await scene.enqueue({ id: "after dead", dependsOn });
    await scene.store.schedules.fire(
      buildFiring({ expectedNextAt: ELEVEN, nextAt: TWELVE, runs: [runAt(ELEVEN)] }),
    );
    await scene.enqueue({ id: "after eleven", dependsOn });
    await scene.finish("w", await scene.claim("w", { now: ELEVEN, limit: 1 }));
    await scene.enqueue({ id: "after all", dependsOn });
    const states = ["after dead", "after eleven", "after all"].map(
      async (id) => (await scene.store.getJob(id))?.state,
    );
    expect(await Promise.all(states)).toEqual(["dead", "pending", "pending"]);
  });

  test("with `allow` they run beside each other", async () => {
    const scene = await open();
    await put(scene, { overlap: "allow" });
    await scene.store.schedules.fire(buildFiring({ runs: [runAt(TEN), runAt(ELEVEN)] }));
    expect(await claimable(scene)).toEqual([`hourly:${TEN}`, `hourly:${ELEVEN}`]);
  });

  test("with `replace` the earlier job is cancelled, and the new one waits until it has ended", async () => {
    const scene = await open();
    const { store } = scene;
    await put(scene, { overlap: "replace" });
    await store.schedules.fire(buildFiring({ runs: [runAt(TEN)] }));
    await scene.startWorker("w");
    const [first] = await scene.claim("w", { now: TEN });
    if (!first) throw new Error("There was one to claim");
    const firing = buildFiring({
      expectedNextAt: ELEVEN,
      nextAt: TWELVE,
      runs: [runAt(ELEVEN)],
      now: ELEVEN,
    });
    expect(await store.schedules.fire(firing)).toMatchObject([
      { outcome: "fired", jobId: `hourly:${ELEVEN}`, note: `replaced "hourly:${TEN}"` },
    ]);
    const [own] = await store.listWorkers();
    expect(own?.held).toEqual([{ token: first.token, jobId: `hourly:${TEN}`, isToBeCancelled: true }]);
    expect(await scene.claim("w", { now: TWELVE })).toEqual([]);
    await scene.finish("w", first, {
      outcome: { kind: "cancelled" },
      transition: { to: "cancelled" },
    });
    expect((await scene.claim("w", { now: TWELVE })).map(({ job }) => job.id)).toEqual([`hourly:${ELEVEN}`]);
  });

  test.each(["waits", "runs", "was lost with its worker"])(
    "with `replace` one that %s tells by which it was replaced",
    async (how) => {
      const scene = await open();
      const { store } = scene;
      await put(scene, { overlap: "replace" });
      await store.schedules.fire(buildFiring());
      await scene.startWorker("w");
      const claims = how === "waits" ? [] : await scene.claim("w", { now: TEN });
      await store.schedules.fire(
        buildFiring({ expectedNextAt: ELEVEN, nextAt: TWELVE, runs: [runAt(ELEVEN)] }),
      );
      if (how === "runs")
        await scene.finish("w", claims, { outcome: { kind: "cancelled" }, transition: { to: "cancelled" } });
      if (how === "was lost with its worker") {
        await scene.declareDead("w");
        await store.recoverJobs("w", { now: ELEVEN, crashLimit: 3 });
      }
      expect(await store.getJob(`hourly:${TEN}`)).toMatchObject({
        state: "cancelled",
        error: `replaced by job "hourly:${ELEVEN}"`,
      });
    },
  );

  test("with `replace` one that still waits is cancelled at once", async () => {
    const scene = await open();
    await put(scene, { overlap: "replace" });
    await scene.store.schedules.fire(buildFiring());
    const next = buildFiring({ expectedNextAt: ELEVEN, nextAt: TWELVE, runs: [runAt(ELEVEN)] });
    await scene.store.schedules.fire(next);
    expect(await scene.store.getJob(`hourly:${TEN}`)).toMatchObject({ state: "cancelled" });
    expect(await claimable(scene)).toEqual([`hourly:${ELEVEN}`]);
  });

  test("an instant whose queue is draining is refused, and the next comes", async () => {
    const scene = await open();
    const { store } = scene;
    await put(scene);
    await store.changeQueue("default", { state: "draining" });
    expect(await store.schedules.fire(buildFiring())).toMatchObject([
      { instant: TEN, outcome: "refused", jobId: null, note: expect.stringContaining("draining") },
    ]);
    await store.changeQueue("default", { state: "open" });
    const next = buildFiring({ expectedNextAt: ELEVEN, nextAt: TWELVE, runs: [runAt(ELEVEN)] });
    expect(await store.schedules.fire(next)).toMatchObject([{ instant: ELEVEN, outcome: "fired" }]);
    expect(await scene.ids()).toEqual([`hourly:${ELEVEN}`]);
  });

  test("a person is told why a run is refused, and nothing is recorded", async () => {
    const scene = await open();
    const { store } = scene;
    await put(scene);
    await store.changeQueue("default", { state: "draining" });
    await expect(store.schedules.fire(buildByHand(runAt(TEN)))).rejects.toMatchObject({
      code: "queue_draining",
    });
    expect(await store.schedules.history("hourly", 10)).toEqual([]);
    expect(await scene.ids()).toEqual([]);
  });

  test("what was to be replaced is let alone when the new job is refused", async () => {
    const scene = await open();
    const { store } = scene;
    await put(scene, { overlap: "replace" });
    await store.schedules.fire(buildFiring());
    await store.changeQueue("default", { state: "draining" });
    const next = buildFiring({ expectedNextAt: ELEVEN, nextAt: TWELVE, runs: [runAt(ELEVEN)] });
    expect(await store.schedules.fire(next)).toMatchObject([{ outcome: "refused" }]);
    expect(await store.getJob(`hourly:${TEN}`)).toMatchObject({ state: "pending" });
  });

  test("a removed one's jobs stay, and one of its name begins anew", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    await put(scene);
    await schedules.fire(buildFiring());
    await schedules.remove("hourly");
    expect(await schedules.get("hourly")).toBeUndefined();
    expect(await schedules.history("hourly", 10)).toEqual([]);
    expect(await scene.ids()).toEqual([`hourly:${TEN}`]);
    await put(scene, { overlap: "skip", nextAt: ELEVEN });
    const next = buildFiring({ expectedNextAt: ELEVEN, nextAt: TWELVE, runs: [runAt(ELEVEN)] });
    expect(await schedules.fire(next)).toMatchObject([{ outcome: "skipped" }]);
  });

  test("its group goes with the last job, but not before the schedule", async () => {
    const scene = await open();
    const { store } = scene;
    await put(scene, { overlap: "queue" });
    const prune = async (now: number) => {
      const waiting = await scene.ids({ state: "pending" });
      if (waiting.length > 0) await store.cancelJobs(waiting, now - 1);
      await store.removeExpired({ state: "cancelled", before: now }, 10);
      await store.takeRetentionTurn(now, HOUR);
    };
    await store.schedules.fire(buildFiring());
    await prune(ELEVEN);
    expect(await store.getGroup("hourly")).toMatchObject({ kind: "schedule", maxRunning: 1 });
    await store.schedules.fire(buildFiring({ expectedNextAt: ELEVEN, runs: [runAt(ELEVEN)] }));
    await store.schedules.remove("hourly");
    expect(await store.getGroup("hourly")).toMatchObject({ counts: { pending: 1 } });
    await prune(TWELVE);
    expect(await store.getGroup("hourly")).toBeUndefined();
  });

  test("what is not there cannot be changed", async () => {
    const { store } = await open();
    const refusal = { code: "schedule_not_found" };
    await expect(store.schedules.setPaused("x", buildPause())).rejects.toMatchObject(refusal);
    await expect(store.schedules.remove("x")).rejects.toMatchObject(refusal);
    expect(await store.schedules.fire(buildFiring())).toBeNull();
  });

  test("whoever adds, resumes or fires one rings", async () => {
    const scene = await open();
    const { schedules } = scene.store;
    const rings = async (change: () => Promise<unknown>) => {
      const rung = Promise.withResolvers<void>();
      const stop = scene.listen(() => rung.resolve(), await scene.openAnother());
      await change();
      await rung.promise;
      stop();
    };
    await rings(() => put(scene));
    await rings(() => schedules.setPaused("hourly", buildPause({ isPaused: false })));
    await rings(() => schedules.fire(buildFiring()));
  });
});

import { afterEach, expect, test } from "vitest";
import { closeScenes, openSqliteScene } from "../../tests/support/conformance.ts";
import type { Store } from "../store/store.ts";
import { schedulePlanner } from "./plan-firing.ts";
import { addSchedule, pauseSchedule, type ScheduleRequest } from "./schedule.ts";

afterEach(closeScenes);

const HOUR = 3_600_000;
const HALF_PAST_NINE = Date.parse("2026-11-25T09:30:00Z");

async function add(store: Store, now: number, given: Partial<ScheduleRequest> = {}): Promise<void> {
  const request = { name: "s", pattern: "0 * * * *", zone: "UTC", job: { command: "true" }, ...given };
  await addSchedule(store, request, { now, cwd: "/" });
}

/** What became of its instants, each by its time. */
async function history(store: Store): Promise<string[]> {
  const fired = await store.schedules.history("s", 10);
  return fired.map(({ instant, outcome }) => `${new Date(instant).toISOString().slice(11, 16)} ${outcome}`);
}

async function fireDue(store: Store, now: number): Promise<void> {
  const planner = schedulePlanner(async () => 3);
  for (const schedule of (await store.schedules.due(now)).schedules)
    await store.schedules.fire(await planner.plan(schedule, now));
}

test("what had come of a schedule that is replaced or paused was missed, and is not caught up", async () => {
  const { store } = await openSqliteScene();
  await add(store, HALF_PAST_NINE, { catchUp: "all" });
  await add(store, HALF_PAST_NINE + 2 * HOUR, { catchUp: "all", replace: true });
  expect(await history(store)).toEqual(["10:00 missed", "11:00 missed"]);
  await pauseSchedule(store, "s", { isPaused: true, now: HALF_PAST_NINE + 3 * HOUR });
  await pauseSchedule(store, "s", { isPaused: false, now: HALF_PAST_NINE + 6 * HOUR });
  await fireDue(store, HALF_PAST_NINE + 7 * HOUR);
  expect(await history(store)).toEqual(["10:00 missed", "11:00 missed", "12:00 missed", "16:00 fired"]);
});

test("who resumes a schedule while another replaces it gives it no instant of the old one", async () => {
  const { store } = await openSqliteScene();
  await add(store, HALF_PAST_NINE, { pattern: "0 0 1 1 *" });
  await pauseSchedule(store, "s", { isPaused: true, now: HALF_PAST_NINE });
  let isReplaced = false;
  const get: Store["schedules"]["get"] = async (name) => {
    const seen = await store.schedules.get(name);
    if (!isReplaced) await add(store, HALF_PAST_NINE, { replace: true });
    isReplaced = true;
    return seen;
  };
  const slow = { ...store, schedules: { ...store.schedules, get } };
  await pauseSchedule(slow, "s", { isPaused: false, now: HALF_PAST_NINE });
  expect(await store.schedules.get("s")).toMatchObject({
    isPaused: false,
    nextAt: HALF_PAST_NINE + HOUR / 2,
  });
});

test("a schedule that nobody understands can be paused and replaced", async () => {
  const { store } = await openSqliteScene();
  await add(store, HALF_PAST_NINE);
  const was = { createdAt: HALF_PAST_NINE, nextAt: HALF_PAST_NINE + HOUR / 2, missed: [] };
  const broken = {
    name: "s",
    pattern: "every full moon",
    zone: "UTC",
    overlap: "skip",
    catchUp: "one",
  } as const;
  await store.schedules.put({ ...broken, job: "{}", createdAt: 0, nextAt: 1 }, was);
  expect(await pauseSchedule(store, "s", { isPaused: true, now: HALF_PAST_NINE })).toMatchObject({
    isPaused: true,
  });
  await add(store, HALF_PAST_NINE, { replace: true });
  expect(await store.schedules.get("s")).toMatchObject({ pattern: "0 * * * *" });
});

test("who replaces a schedule that is gone or came meanwhile does not mind", async () => {
  const { store } = await openSqliteScene();
  let calls = 0;
  const get: Store["schedules"]["get"] = async (name) => {
    calls += 1;
    const seen = await store.schedules.get(name);
    if (calls === 1) await add(store, HALF_PAST_NINE);
    if (calls === 2) await store.schedules.remove("s");
    return seen;
  };
  const slow = { ...store, schedules: { ...store.schedules, get } };
  await add(slow, HALF_PAST_NINE, { pattern: "30 * * * *", replace: true });
  expect(calls).toBe(4);
  expect(await store.schedules.get("s")).toMatchObject({ pattern: "30 * * * *" });
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Bell } from "./bell.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const HOUR_MS = 3_600_000;

test("a ring wakes the one who waits, long before the time is over", async () => {
  const bell = new Bell();
  const rung = bell.rung(HOUR_MS);
  bell.ring();
  await rung;
  expect(vi.getTimerCount()).toBe(0);
});

test("a ring that nobody waits for is kept for the next, and for that one only", async () => {
  const bell = new Bell();
  bell.ring();
  bell.ring();
  await bell.rung(HOUR_MS);
  let isWoken = false;
  const second = bell.rung(HOUR_MS).then(() => {
    isWoken = true;
  });
  await vi.advanceTimersByTimeAsync(HOUR_MS - 1);
  expect(isWoken).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await second;
});

test("a ring after the time was over is not lost", async () => {
  const bell = new Bell();
  const first = bell.rung(1_000);
  await vi.advanceTimersByTimeAsync(1_000);
  await first;
  bell.ring();
  await bell.rung(HOUR_MS);
  expect(vi.getTimerCount()).toBe(0);
});

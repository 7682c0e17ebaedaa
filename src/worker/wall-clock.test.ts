import { expect, test } from "vitest";
import { TestTime } from "../../tests/support/test-time.ts";
import { WallClock } from "./wall-clock.ts";

const DAY_MS = 86_400_000;

test("a wall clock that is set back is noticed once; one that runs, drifts or is put forward is not", () => {
  const time = new TestTime();
  const clock = new WallClock(
    () => time.now(),
    () => time.monotonicMs(),
  );
  expect(clock.wasSetBack()).toBe(true);
  time.pass(60_000);
  expect(clock.wasSetBack()).toBe(false);
  time.stepWallClock(-900);
  expect(clock.wasSetBack()).toBe(false);
  time.stepWallClock(DAY_MS);
  expect(clock.wasSetBack()).toBe(false);
  time.stepWallClock(-DAY_MS);
  expect(clock.wasSetBack()).toBe(true);
  time.pass(1_000);
  expect(clock.wasSetBack()).toBe(false);
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { after, pause } from "./timer.ts";

const LONGEST_OF_NODE = 2 ** 31 - 1;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([0, 1, 1_000, LONGEST_OF_NODE, LONGEST_OF_NODE + 1, 3 * LONGEST_OF_NODE + 17])(
  "calls back after %d ms, once, and not a millisecond before",
  (delayMs) => {
    const callback = vi.fn();
    after(delayMs, callback);
    if (delayMs > 0) vi.advanceTimersByTime(delayMs - 1);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(2 * LONGEST_OF_NODE);
    expect(callback).toHaveBeenCalledOnce();
  },
);

test("a delay that is over already takes no time", () => {
  const callback = vi.fn();
  after(-5_000, callback);
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledOnce();
});

test("can be called off, also when it was armed anew in between", () => {
  const callback = vi.fn();
  const callOff = after(2 * LONGEST_OF_NODE, callback);
  vi.advanceTimersByTime(LONGEST_OF_NODE + 10);
  callOff();
  vi.advanceTimersByTime(2 * LONGEST_OF_NODE);
  expect(callback).not.toHaveBeenCalled();
});

test("a pause resolves after its delay", async () => {
  let isOver = false;
  const paused = pause(5_000).then(() => {
    isOver = true;
  });
  await vi.advanceTimersByTimeAsync(4_999);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await paused;
});

import { expect, test } from "vitest";
import { isoTime, relativeTime } from "./time.ts";

const now = Date.UTC(2030, 0, 31);

test.each([
  [0, "now"],
  [999, "now"],
  [-999, "now"],
  [1_000, "1s ago"],
  [59_999, "59s ago"],
  [120_000, "2m ago"],
  [3_599_000, "59m ago"],
  [3_600_000, "1h ago"],
  [86_399_000, "23h ago"],
  [3 * 86_400_000, "3d ago"],
  [-5_000, "in 5s"],
  [-7_200_000, "in 2h"],
])("%i ms before now is %s", (distance, shown) => {
  expect(relativeTime(now - distance, now)).toBe(shown);
});

test("an instant for a pipe is ISO 8601 in UTC", () => {
  expect(isoTime(now + 5)).toBe("2030-01-31T00:00:00.005Z");
});

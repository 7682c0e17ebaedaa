import { describe, expect, test } from "vitest";
import { newPlace, type PoolPlace, placeClaimed, placeTaken } from "./pool.ts";

const MINUTE_MS = 60_000;

/** The waits from start to start of a place whose members die as soon as they are there. */
function waitsOfTheShortLived(count: number): number[] {
  let place = newPlace(0);
  let startedAtMs = 0;
  return Array.from({ length: count }, () => {
    const claimed = placeClaimed(place, place.opensAtMs) as PoolPlace;
    const waitedMs = place.opensAtMs - startedAtMs;
    startedAtMs = place.opensAtMs;
    place = placeTaken(claimed, startedAtMs);
    return waitedMs;
  });
}

test("a member that dies at once is replaced ever more slowly, at least once a minute", () => {
  expect(waitsOfTheShortLived(9)).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
  ]);
});

test("a place is not claimed before it opens", () => {
  const place = { failures: 0, opensAtMs: 1_000 };
  expect(placeClaimed(place, 999)).toBeUndefined();
  expect(placeClaimed(place, 1_000)).toMatchObject({ failures: 1 });
});

test("the death of a member that lived well is a first one again", () => {
  const place = { failures: 7, opensAtMs: 1_000 };
  expect(placeClaimed(place, 1_000 + MINUTE_MS - 1)).toMatchObject({ failures: 8 });
  expect(placeClaimed(place, 1_000 + MINUTE_MS)).toMatchObject({ failures: 1 });
});

describe("a replacement that never announces itself", () => {
  test("keeps the place closed for as long as a start may take", () => {
    const claimed = placeClaimed({ failures: 0, opensAtMs: 0 }, 5) as PoolPlace;
    expect(placeClaimed(claimed, 10_004)).toBeUndefined();
    expect(placeClaimed(claimed, 10_005)).toMatchObject({ failures: 2 });
  });

  test("counts like one that died young", () => {
    const claimed = placeClaimed({ failures: 6, opensAtMs: 0 }, 0);
    expect(claimed).toEqual({ failures: 7, opensAtMs: MINUTE_MS });
  });
});

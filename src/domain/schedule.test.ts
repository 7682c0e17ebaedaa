import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CatchUpPolicy, calendarOf, decideCatchUp, decideOverlap, MOST_INSTANTS } from "./schedule.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Fires so often, in UTC. */
function every(periodMs: number) {
  return calendarOf(
    {
      after: (wallMs) => (Math.floor(wallMs / periodMs) + 1) * periodMs,
      before: (wallMs) => (Math.ceil(wallMs / periodMs) - 1) * periodMs,
    },
    () => 0,
  );
}

function decide(catchUp: CatchUpPolicy, periodMs: number, { nextAt, now }: { nextAt: number; now: number }) {
  return decideCatchUp({ nextAt, decidedUntil: null, now, catchUp }, every(periodMs));
}

describe("what a schedule has to catch up", () => {
  const due = { nextAt: 10 * HOUR, now: 13 * HOUR + MINUTE };
  const [ten, eleven, twelve, thirteen] = [10 * HOUR, 11 * HOUR, 12 * HOUR, 13 * HOUR];

  test("runs the newest and misses the others with `one`", () => {
    expect(decide("one", HOUR, due)).toEqual({
      run: [thirteen],
      missed: [ten, eleven, twelve],
      nextAt: 14 * HOUR,
    });
  });

  test("runs each with `all`", () => {
    expect(decide("all", HOUR, due)).toEqual({
      run: [ten, eleven, twelve, thirteen],
      missed: [],
      nextAt: 14 * HOUR,
    });
  });

  test("runs nothing with `none`", () => {
    expect(decide("none", HOUR, due)).toEqual({
      run: [],
      missed: [ten, eleven, twelve, thirteen],
      nextAt: 14 * HOUR,
    });
  });

  test.each(["one", "all", "none"] as const)(
    "runs what is on time with `%s`, and what is just not late either",
    (policy) => {
      for (const lateMs of [0, 1, 5_000])
        expect(decide(policy, HOUR, { nextAt: HOUR, now: HOUR + lateMs }), `${lateMs} ms`).toEqual({
          run: [HOUR],
          missed: [],
          nextAt: 2 * HOUR,
        });
    },
  );

  test("runs only what is on time, when the newest is", () => {
    for (const policy of ["one", "none"] as const)
      expect(decide(policy, HOUR, { nextAt: ten, now: thirteen + 2 * SECOND })).toMatchObject({
        run: [thirteen],
        missed: [ten, eleven, twelve],
      });
  });

  test("is nothing before the next instant has come", () => {
    for (const policy of ["one", "all", "none"] as const)
      expect(decide(policy, HOUR, { nextAt: ten, now: ten - 1 })).toEqual({
        run: [],
        missed: [],
        nextAt: ten,
      });
  });

  test("is found although the next instant is none of the schedule's: somebody has set it by hand", () => {
    expect(decide("all", HOUR, { nextAt: ten - 7, now: eleven })).toMatchObject({ run: [ten, eleven] });
    expect(decide("none", HOUR, { nextAt: ten - 7, now: twelve - 1 })).toMatchObject({
      missed: [ten, eleven],
    });
  });

  test("is nothing that was decided before the clock was set back, but what is on time fires", () => {
    for (const catchUp of ["one", "all", "none"] as const) {
      const decideUntil = (decidedUntil: number, now: number) =>
        decideCatchUp({ nextAt: ten, decidedUntil, catchUp, now }, every(HOUR));
      expect(decideUntil(DAY, thirteen + MINUTE)).toEqual({ run: [], missed: [], nextAt: 14 * HOUR });
      expect(decideUntil(DAY, ten + SECOND)).toEqual({ run: [ten], missed: [], nextAt: eleven });
      // What comes after it is as new as ever.
      const { run, missed } = decideUntil(twelve, thirteen + MINUTE);
      expect([...missed, ...run]).toEqual([twelve, thirteen]);
    }
  });

  test("ends with a calendar that ends", () => {
    const once = calendarOf(
      {
        after: (wallMs) => (wallMs < HOUR ? HOUR : undefined),
        before: (wallMs) => (wallMs > HOUR ? HOUR : undefined),
      },
      () => 0,
    );
    for (const catchUp of ["one", "all"] as const)
      expect(decideCatchUp({ nextAt: HOUR, decidedUntil: null, now: DAY, catchUp }, once)).toEqual({
        run: [HOUR],
        missed: [],
        nextAt: null,
      });
  });

  test("is decided a thousand at a time, after a year without a worker too", () => {
    const now = YEAR + 10;
    const first = decide("all", SECOND, { nextAt: SECOND, now });
    expect(first.run).toHaveLength(MOST_INSTANTS);
    expect(first).toMatchObject({ missed: [], nextAt: (MOST_INSTANTS + 1) * SECOND });
    expect(decide("all", SECOND, { nextAt: first.nextAt as number, now }).run[0]).toBe(first.nextAt);

    const { run, missed, nextAt } = decide("one", SECOND, { nextAt: SECOND, now });
    expect(run).toEqual([5, 4, 3, 2, 1, 0].map((ago) => YEAR - ago * SECOND).slice(1));
    expect(missed).toHaveLength(MOST_INSTANTS - run.length);
    expect(missed.at(-1)).toBe(YEAR - 5 * SECOND);
    expect(nextAt).toBe(YEAR + SECOND);
  });

  test("is the same whoever looks how often: each instant is decided once", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<CatchUpPolicy>("one", "all", "none"),
        fc.array(fc.integer({ min: 1, max: 20 * MINUTE }), { minLength: 1, maxLength: 20 }),
        (policy, pauses) => {
          const decided: number[] = [];
          let now = 0;
          let nextAt = MINUTE;
          for (const pause of pauses) {
            now += pause;
            const decision = decide(policy, MINUTE, { nextAt, now });
            decided.push(...decision.missed, ...decision.run);
            nextAt = decision.nextAt as number;
          }
          const all = Array.from({ length: Math.floor(now / MINUTE) }, (_, index) => (index + 1) * MINUTE);
          expect(decided).toEqual(all);
        },
      ),
    );
  });
});

describe("an instant that comes while an earlier job is unfinished", () => {
  test("is skipped, replaces it, or fires as well", () => {
    expect(decideOverlap("skip", 1)).toBe("skip");
    expect(decideOverlap("replace", 3)).toBe("replace");
    expect(decideOverlap("queue", 1)).toBe("fire");
    expect(decideOverlap("allow", 9)).toBe("fire");
  });

  test("fires whatever the policy when none is", () => {
    for (const overlap of ["skip", "queue", "replace", "allow"] as const)
      expect(decideOverlap(overlap, 0)).toBe("fire");
  });
});

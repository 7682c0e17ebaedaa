import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Fields,
  instantsBetween,
  instantsOf,
  patternOf,
  walk,
} from "../../tests/support/brute-force-calendar.ts";
import { QueuectlError } from "../domain/errors.ts";
import { readCalendar, requireInstants } from "./calendar.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

async function fires(pattern: string, zone: string, from: string, count: number): Promise<string[]> {
  const calendar = await readCalendar({ pattern, zone });
  const instants: string[] = [];
  let at = Date.parse(from);
  for (let index = 0; index < count; index++) {
    at = calendar.next(at) as number;
    instants.push(new Date(at).toISOString().replace(".000Z", "Z"));
  }
  return instants;
}

async function refusalOf(pattern: string, zone = "UTC"): Promise<QueuectlError> {
  const error = await requireInstants({ pattern, zone }).catch((thrown: unknown) => thrown);
  if (!(error instanceof QueuectlError)) throw new Error(`"${pattern}" in ${zone} was not refused`);
  expect(error.code).toBe("invalid_schedule");
  return error;
}

describe("a calendar", () => {
  test.each([
    ["0 3 * * *", "UTC", ["2026-11-25T03:00:00Z", "2026-11-26T03:00:00Z"]],
    ["0 3 * * *", "Europe/Rome", ["2026-11-25T02:00:00Z", "2026-11-26T02:00:00Z"]],
    ["  0\t3  * * * ", "Asia/Kathmandu", ["2026-11-24T21:15:00Z", "2026-11-25T21:15:00Z"]],
    ["*/20 * * * *", "UTC", ["2026-11-24T13:00:00Z", "2026-11-24T13:20:00Z", "2026-11-24T13:40:00Z"]],
    ["*/30 * * * * *", "UTC", ["2026-11-24T12:45:30Z", "2026-11-24T12:46:00Z"]],
    ["0 9-17/4 * * mon-fri", "UTC", ["2026-11-24T13:00:00Z", "2026-11-24T17:00:00Z", "2026-11-25T09:00:00Z"]],
    [
      "0 0 13 * FRI",
      "UTC",
      ["2026-11-27T00:00:00Z", "2026-12-04T00:00:00Z", "2026-12-11T00:00:00Z", "2026-12-13T00:00:00Z"],
    ],
    ["0 0 L * *", "UTC", ["2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z", "2027-01-31T00:00:00Z"]],
    ["0 0 * * 1#2", "UTC", ["2026-12-14T00:00:00Z", "2027-01-11T00:00:00Z"]],
    ["0 0 * * FRI#L", "UTC", ["2026-11-27T00:00:00Z", "2026-12-25T00:00:00Z"]],
    ["0 0 LW * *", "UTC", ["2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z", "2027-01-29T00:00:00Z"]],
    ["0 0 15W * *", "UTC", ["2026-12-15T00:00:00Z", "2027-01-15T00:00:00Z", "2027-02-15T00:00:00Z"]],
    ["0 0 1,L * *", "UTC", ["2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z"]],
    ["0 0 * * FRI-SUN", "UTC", ["2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"]],
    ["0 0 29 2 *", "UTC", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]],
    ["0 0 * * 7", "UTC", ["2026-11-29T00:00:00Z"]],
    ["@daily", "UTC", ["2026-11-25T00:00:00Z"]],
    ["@Hourly", "UTC", ["2026-11-24T13:00:00Z"]],
    ["@yearly", "America/New_York", ["2027-01-01T05:00:00Z", "2028-01-01T05:00:00Z"]],
  ])('reads "%s" in %s', async (pattern, zone, expected) => {
    expect(await fires(pattern, zone, "2026-11-24T12:45:00Z", expected.length)).toEqual(expected);
  });

  test("fires what a clock put forward skips once, after the gap", async () => {
    const from = "2026-03-28T12:00:00Z";
    const expected = ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
    expect(await fires("30 2 * * *", "Europe/Rome", from, 2)).toEqual(expected);
    const several = await fires("*/20 2,3 * * *", "Europe/Rome", "2026-03-29T00:00:00Z", 4);
    expect(several).toEqual([
      "2026-03-29T01:00:00Z",
      "2026-03-29T01:20:00Z",
      "2026-03-29T01:40:00Z",
      "2026-03-30T00:00:00Z",
    ]);
  });

  test("fires what a clock put back shows twice once, the first time", async () => {
    const from = "2026-10-25T00:00:00Z";
    expect(await fires("*/30 2 * * *", "Europe/Rome", from, 2)).toEqual([
      "2026-10-25T00:30:00Z",
      "2026-10-26T01:00:00Z",
    ]);
    // In the hour that is the second of its name, too: whoever starts then looks back correctly.
    expect(await fires("*/30 2 * * *", "Europe/Rome", "2026-10-25T01:10:00Z", 1)).toEqual([
      "2026-10-26T01:00:00Z",
    ]);
  });

  test("fires once for a day that a zone left out", async () => {
    expect(await fires("0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 4)).toEqual([
      "2011-12-29T22:00:00Z",
      "2011-12-30T10:00:00Z",
      "2011-12-30T22:00:00Z",
      "2011-12-31T22:00:00Z",
    ]);
  });
});

describe("a pattern that is none", () => {
  test.each([
    ["61 * * * *", "minute", "61"],
    ["* 24 * * *", "hour", "24"],
    ["* * 0 * *", "day of the month", "0"],
    ["* * * 13 *", "month", "13"],
    ["* * * * 8", "day of the week", "8"],
    ["60 * * * * *", "second", "60"],
    ["0 61 * * * *", "minute", "61"],
    ["1-70 * * * *", "minute", "1-70"],
    ["0 x * * *", "hour", "x"],
    ["0 0 1 MAI *", "month", "MAI"],
  ])('is refused with the field it is about: "%s"', async (pattern, field, value) => {
    const error = await refusalOf(pattern);
    expect(error.message).toBe(`Cannot read the schedule "${pattern}": its ${field} is "${value}"`);
    expect(error.hint).toMatch(/^It may be /);
  });

  test.each([
    ["0 22-2 * * *", "hour", "The range ends before it begins: write 22-23,0-2."],
    ["0 23-2/2 * * *", "hour", "The range ends before it begins: write 23/2,0-2/2."],
    ["0 0 * * FRI-MON", "day of the week", "The range ends before it begins: write FRI-SAT,SUN-MON."],
    ["0 0 * * 5-1", "day of the week", "The range ends before it begins: write 5-6,0-1."],
    ["0 0 1 nov-jan *", "month", "The range ends before it begins: write NOV-DEC,JAN."],
    ["*/99 * * * *", "minute", "A step of 99 leaves the field at once: it has 60 values."],
    ["*/0 * * * *", "minute", "A step is at least 1."],
    ["5/15 * * * *", "minute", "A step needs something to step through: 5-59/15, or */15."],
    ["1, * * * *", "minute", "A list has a value between its commas: 1,4."],
    [
      "0 0 * * MON#6",
      "day of the week",
      "A weekday comes up to five times a month: MON#1 to MON#5, or MON#L for the last.",
    ],
    ["0 0 * * monday", "day of the week", "A name has three letters: MON."],
    ["0 0 1 January-March *", "month", "A name has three letters: JAN."],
    ["0 0 * * MONL", "day of the week", "The last one of the month is written MON#L."],
    ["0 0 * * 5L", "day of the week", "The last one of the month is written 5#L."],
    ["0 0 1 * +FRI", "day of the week", "A + is not known here: when both days are given, either suffices."],
    ["0 0 ? * *", "day of the month", "A ? is not known here: write *."],
    ["0 0 1,LW * *", "day of the month", "LW stands alone, in no list."],
  ])(
    'is refused with what is wrong with it, and what to write instead: "%s"',
    async (pattern, field, hint) => {
      const error = await refusalOf(pattern);
      expect(error.message).toContain(`its ${field} is "`);
      expect(error.hint).toBe(hint);
    },
  );

  test.each([
    ["", "none"],
    ["* * * *", "4"],
    ["* * * * * * *", "7"],
    ["2026-12-01T00:00:00", "1"],
  ])('is refused with the number of its fields: "%s"', async (pattern, count) => {
    const error = await refusalOf(pattern);
    expect(error.message).toContain(`and it has ${count}`);
  });

  test.each(["@reboot", "@every 5m", "@dayly"])(
    "is refused with the names there are: %s",
    async (pattern) => {
      const error = await refusalOf(pattern);
      expect(error.hint).toContain("@daily");
    },
  );

  test.each(["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 0 31 2 *"])(
    "is refused when no day ever matches it: %s",
    async (pattern) => {
      const error = await refusalOf(pattern);
      expect(error.message).toBe(`The schedule "${pattern}" never fires: no day matches it`);
    },
  );

  test("is refused with a zone that nobody knows, and told what was meant", async () => {
    expect(await refusalOf("@daily", "Europe/Roma")).toMatchObject({
      message: 'There is no time zone "Europe/Roma"',
      hint: expect.stringMatching(/^Did you mean Europe\/Rome/),
    });
    for (const [zone, meant] of [
      ["Rome", "Europe/Rome"],
      ["new york", "America/New_York"],
      ["Tokio", "Asia/Tokyo"],
    ])
      expect((await refusalOf("@daily", zone)).hint).toBe(`Did you mean ${meant}?`);
    expect((await refusalOf("@daily", "")).hint).toContain("Europe/Rome");
  });
});

describe("whatever the schedule and the zone", () => {
  const numbers = (min: number, max: number) =>
    fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 });
  const orAny = (given: fc.Arbitrary<number[]>) => fc.option(given, { nil: null });
  const anyFields: fc.Arbitrary<Fields> = fc.record({
    second: fc.constant([0]),
    minute: orAny(numbers(0, 59)),
    hour: orAny(numbers(0, 23)),
    day: fc.option(numbers(1, 31), { nil: null, freq: 1 }),
    month: fc.option(numbers(1, 12), { nil: null, freq: 1 }),
    weekday: fc.option(numbers(0, 6), { nil: null, freq: 1 }),
  });
  const anyZone = fc.constantFrom(
    "Europe/Rome",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Gaza",
    "Antarctica/Troll",
    "UTC",
  );
  const changes = [
    "2026-03-29T00:00:00Z",
    "2026-10-25T00:00:00Z",
    "2011-12-30T00:00:00Z",
    "2025-04-06T00:00:00Z",
  ];
  const anyStart = fc.oneof(
    fc.integer({ min: 0, max: 80 * 365 }).map((day) => day * DAY),
    fc.constantFrom(...changes.map(Date.parse)),
    fc
      .integer({ min: 0, max: DAY / MINUTE })
      .map((minute) => Date.parse("2026-03-08T00:00:00Z") + minute * MINUTE),
  );

  test("its instants are in order, unique, match it, and none is left out", async () => {
    await fc.assert(
      fc.asyncProperty(anyFields, anyZone, anyStart, async (fields, zone, from) => {
        const span = { from, until: from + 2 * DAY };
        const expected = instantsOf(fields, walk(zone, { ...span, stepMs: MINUTE, leadMs: DAY }));
        const calendar = await readCalendar({ pattern: patternOf(fields), zone });
        expect(instantsBetween(calendar, span)).toEqual(expected);
        // Backwards the same.
        const backwards: number[] = [];
        for (
          let last = calendar.newest(span.until);
          last !== undefined && last >= from;
          last = calendar.newest(last - 1)
        )
          backwards.push(last);
        expect(backwards.reverse()).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});

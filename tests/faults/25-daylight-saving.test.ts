import { expect } from "vitest";
import { readCalendar } from "../../src/queue/calendar.ts";
import {
  type Fields,
  instantsBetween,
  instantsOf,
  patternOf,
  walk,
} from "../support/brute-force-calendar.ts";
import { fault } from "./support/fault.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const LOOK_EVERY_MS = 7 * MINUTE;

/** Zone, the instant at which its clocks are changed, and by how many minutes. From the tz database by another program. */
const TRANSITIONS: readonly (readonly [zone: string, at: string, byMinutes: number])[] = [
  ["Europe/Rome", "1979-05-26T23:00:00Z", 60],
  ["Europe/Rome", "1979-09-29T23:00:00Z", -60],
  ["Europe/Rome", "2026-03-29T01:00:00Z", 60],
  ["Europe/Rome", "2026-10-25T01:00:00Z", -60],
  ["Europe/Rome", "2035-03-25T01:00:00Z", 60],
  ["Europe/Rome", "2035-10-28T01:00:00Z", -60],
  ["Europe/London", "1968-02-18T02:00:00Z", 60],
  ["Europe/London", "1971-10-31T02:00:00Z", -60],
  ["America/New_York", "1974-01-06T07:00:00Z", 60],
  ["America/New_York", "1974-10-27T06:00:00Z", -60],
  ["America/New_York", "2007-03-11T07:00:00Z", 60],
  ["America/New_York", "2007-11-04T06:00:00Z", -60],
  ["America/New_York", "2026-03-08T07:00:00Z", 60],
  ["America/New_York", "2026-11-01T06:00:00Z", -60],
  ["America/Havana", "2026-03-08T05:00:00Z", 60],
  ["America/Havana", "2026-11-01T05:00:00Z", -60],
  ["America/Sao_Paulo", "2018-11-04T03:00:00Z", 60],
  ["America/Sao_Paulo", "2018-02-18T02:00:00Z", -60],
  ["America/Caracas", "2007-12-09T07:00:00Z", -30],
  ["America/Caracas", "2016-05-01T07:00:00Z", 30],
  ["America/Santiago", "2026-04-05T03:00:00Z", -60],
  ["Australia/Lord_Howe", "1981-02-28T14:00:00Z", 30],
  ["Australia/Lord_Howe", "1982-03-06T14:30:00Z", -60],
  ["Australia/Lord_Howe", "2026-04-04T15:00:00Z", -30],
  ["Australia/Lord_Howe", "2026-10-03T15:30:00Z", 30],
  ["Pacific/Apia", "2011-09-24T14:00:00Z", 60],
  ["Pacific/Apia", "2011-12-30T10:00:00Z", 1440],
  ["Pacific/Apia", "2012-03-31T14:00:00Z", -60],
  ["Pacific/Kwajalein", "1993-08-21T12:00:00Z", 1440],
  ["Pacific/Chatham", "2026-04-04T14:00:00Z", -60],
  ["Pacific/Chatham", "2026-09-26T14:00:00Z", 60],
  ["Africa/Casablanca", "2025-02-23T02:00:00Z", -60],
  ["Africa/Casablanca", "2025-04-06T02:00:00Z", 60],
  ["Africa/Monrovia", "1972-01-07T00:44:30Z", 44.5],
  ["Asia/Tehran", "2022-03-21T20:30:00Z", 60],
  ["Asia/Kathmandu", "1985-12-31T18:30:00Z", 15],
  ["Asia/Pyongyang", "2015-08-14T15:00:00Z", -30],
  ["Asia/Gaza", "2023-10-27T23:00:00Z", -60],
  ["Antarctica/Troll", "2026-03-29T01:00:00Z", 120],
  ["Antarctica/Troll", "2026-10-25T01:00:00Z", -120],
];

const ANY = { minute: null, hour: null, day: null, month: null, weekday: null };

fault(
  "at every change of the clocks, what is skipped fires once after it, and what comes twice fires once",
  { row: "25", target: "40 transitions in 5 zones, each fires as specified" },
  async ({ rounds, shuffle, record }) => {
    const chosen = shuffle(TRANSITIONS).slice(0, rounds(TRANSITIONS.length, 5));
    let compared = 0;
    for (const [zone, at, byMinutes] of chosen) {
      const instant = Date.parse(at);
      const byMs = byMinutes * MINUTE;
      // The middle of what is skipped, or of what comes twice, on the wall.
      const middle = new Date(wallAt(zone, instant - SECOND) + SECOND + byMs / 2);
      const [hour, minute] = [[middle.getUTCHours()], [middle.getUTCMinutes()]];
      const schedules: readonly Fields[] = [
        { ...ANY, second: [0], minute, hour },
        { ...ANY, second: [30], minute, hour, day: [middle.getUTCDate()] },
        { ...ANY, second: [0], minute: [0], hour: [0] },
        { ...ANY, second: [0], minute: [0, 30] },
        { ...ANY, second: [0, 20, 59] },
      ];
      // None of these clocks was put back by more than two hours: what the wall shows when the walk begins is new to it.
      const span = { from: instant - 3 * HOUR, until: instant + 3 * HOUR };
      const moments = walk(zone, { ...span, stepMs: SECOND, leadMs: 0 });
      for (const fields of schedules) {
        const expected = instantsOf(fields, moments);
        const calendar = await readCalendar({ pattern: patternOf(fields), zone });
        const what = `${zone} ${at} ${patternOf(fields)}`;
        expect(asText(instantsBetween(calendar, span)), what).toEqual(asText(expected));
        // Whenever a worker looks: in the hour that comes twice, too.
        for (let now = span.from; now <= span.until; now += LOOK_EVERY_MS) {
          const next = expected.find((fired) => fired > now);
          if (next)
            expect(asText([calendar.next(now) as number]), `${what} after ${now}`).toEqual(asText([next]));
          const newest = expected.findLast((fired) => fired <= now);
          if (newest)
            expect(asText([calendar.newest(now) as number]), `${what} by ${now}`).toEqual(asText([newest]));
        }
        compared += expected.length;
      }
    }
    record(
      `${chosen.length} changes of the clocks in ${new Set(chosen.map(([zone]) => zone)).size} zones, ${compared} instants of 5 schedules each as an oracle that walks by seconds says`,
    );
  },
);

function asText(instants: readonly number[]): string[] {
  return instants.map((instant) => new Date(instant).toISOString());
}

function wallAt(zone: string, instant: number): number {
  const text = new Date(instant).toLocaleString("sv-SE", { timeZone: zone });
  return Date.parse(`${text.replace(" ", "T")}Z`);
}

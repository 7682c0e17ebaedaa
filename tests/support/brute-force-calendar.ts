import type { Calendar } from "../../src/domain/schedule.ts";

/**
 * An oracle for schedules that shares nothing with the product: it walks through the instants one by one, lets Intl write
 * what the wall shows at each, and does what the documentation says in words.
 */

/** The numbers that match; null where any does. Days of the week from 0, Sunday. */
export interface Fields {
  second: readonly number[];
  minute: readonly number[] | null;
  hour: readonly number[] | null;
  day: readonly number[] | null;
  month: readonly number[] | null;
  weekday: readonly number[] | null;
}

/** The same as a pattern of six fields. */
export function patternOf({ second, minute, hour, day, month, weekday }: Fields): string {
  return [second, minute, hour, day, month, weekday].map((numbers) => numbers?.join(",") ?? "*").join(" ");
}

/** An instant, and the wall times that happen at it. */
export interface Moment {
  instant: number;
  walls: readonly number[];
}

/**
 * Walks from one instant to another.
 * @param span `stepMs` is fine enough for every match and every change of the clocks in between; `leadMs` is how long before
 *   `from` the walk begins, to know what the wall has shown already
 */
export function walk(
  zone: string,
  { from, until, stepMs, leadMs }: { from: number; until: number; stepMs: number; leadMs: number },
): Moment[] {
  const wallAt = wallOf(zone);
  const shown = new Set<number>();
  const moments: Moment[] = [];
  let previous = wallAt(from - leadMs - stepMs);
  for (let instant = from - leadMs; instant <= until; instant += stepMs) {
    const wall = wallAt(instant);
    const walls = shown.has(wall) ? [] : [...skipped(previous, wall, stepMs), wall];
    if (instant >= from) moments.push({ instant, walls });
    shown.add(wall);
    previous = wall;
  }
  return moments;
}

/** The instants of a schedule among those of a walk. */
export function instantsOf(fields: Fields, moments: readonly Moment[]): number[] {
  return moments
    .filter(({ walls }) => walls.some((wall) => matches(fields, wall)))
    .map(({ instant }) => instant);
}

/** What a calendar says, one after the other. */
export function instantsBetween(
  calendar: Calendar,
  { from, until }: { from: number; until: number },
): number[] {
  const instants: number[] = [];
  for (let next = calendar.next(from - 1); next !== undefined && next <= until; next = calendar.next(next))
    instants.push(next);
  return instants;
}

/** The wall times that a clock put forward leaves out. */
function skipped(previous: number, wall: number, stepMs: number): number[] {
  const walls: number[] = [];
  for (let left = previous + stepMs; left < wall; left += stepMs) walls.push(left);
  return walls;
}

function matches({ second, minute, hour, day, month, weekday }: Fields, wall: number): boolean {
  const date = new Date(wall);
  const has = (numbers: readonly number[] | null, number: number) => numbers?.includes(number) ?? true;
  const dayOfMonth = has(day, date.getUTCDate());
  const dayOfWeek = has(weekday, date.getUTCDay());
  return (
    has(second, date.getUTCSeconds()) &&
    has(minute, date.getUTCMinutes()) &&
    has(hour, date.getUTCHours()) &&
    has(month, date.getUTCMonth() + 1) &&
    // As crontab(5) has it: when both are given, either suffices.
    (day && weekday ? dayOfMonth || dayOfWeek : dayOfMonth && dayOfWeek)
  );
}

/** What the wall shows, as the instant at which a wall in UTC would. */
function wallOf(zone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (instant) => {
    const parts = Object.fromEntries(
      format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 0, day, hour, minute, second } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
}

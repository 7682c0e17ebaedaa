import type { Io } from "../io.ts";

/** An instant as people read it on a screen: `3s ago`, `in 2m`. One unit is enough to look at. */
export function relativeTime(at: number, now: number): string {
  const distance = Math.abs(now - at);
  const unit = UNITS.find(({ ms }) => distance >= ms);
  if (!unit) return "now";
  const coarse = `${Math.floor(distance / unit.ms)}${unit.name}`;
  return at <= now ? `${coarse} ago` : `in ${coarse}`;
}

/** The largest first, as durations are typed. */
const UNITS = [
  { name: "d", ms: 86_400_000 },
  { name: "h", ms: 3_600_000 },
  { name: "m", ms: 60_000 },
  { name: "s", ms: 1_000 },
];

/** An instant for a pipe: exact, sortable. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}

/** How instants are shown on a screen, or in a pipe. */
export function timeFor(io: Pick<Io, "stdout">, now: number): (at: number) => string {
  return io.stdout.isTerminal ? (at) => relativeTime(at, now) : isoTime;
}

/** An instant as a clock here shows it, to the millisecond: `14:03:07.250`. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two);
  return `${parts.join(":")}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** An instant as the clocks of a zone show it: `2026-11-26 03:00:00`. */
export function zoneTime(at: number, zone: string): string {
  return new Date(at).toLocaleString("sv-SE", { timeZone: zone });
}

/** An instant; to people at a terminal also how long ago it was. */
export function timeText(at: number, io: Io): string {
  return io.stdout.isTerminal ? `${isoTime(at)} (${relativeTime(at, Date.now())})` : isoTime(at);
}

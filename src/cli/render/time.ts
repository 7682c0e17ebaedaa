import { formatDuration } from "../../domain/duration.ts";

/** An instant as people read it on a screen: `3 s ago`, `in 2 min`. */
export function relativeTime(at: number, now: number): string {
  const distance = Math.abs(now - at);
  const coarse = distance < 1_000 ? "now" : formatDuration(coarsen(distance));
  if (coarse === "now") return coarse;
  return at <= now ? `${coarse} ago` : `in ${coarse}`;
}

/** Seconds below a minute, minutes below an hour, hours below a day: one unit is enough to look at. */
function coarsen(ms: number): number {
  const units = [86_400_000, 3_600_000, 60_000, 1_000];
  const unit = units.find((size) => ms >= size) ?? 1_000;
  return Math.floor(ms / unit) * unit;
}

/** An instant for a pipe: exact, sortable. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}

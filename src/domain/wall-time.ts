/**
 * From the time that the clocks on the walls of a zone show to instants, and back. Design note:
 *
 * - A wall time is epoch milliseconds too: those at which a wall in UTC would show it.
 * - A wall time happens at the first instant at which the walls show it **or a later one**. That one rule is all there is
 *   of daylight saving time: a wall time that is skipped happens when the clocks have jumped past it, together with all
 *   others of that gap; one that is shown twice happens the first time only.
 * - Trusted: offsets are whole seconds and no more than a day apart, and within two days a zone changes its clocks once at
 *   most (in the tz database 2025b no two changes of one zone are closer than 95 hours).
 */

/** What the walls of a zone are ahead of UTC at an instant, in milliseconds. */
export type OffsetAt = (instantMs: number) => number;

const SECOND_MS = 1_000;
/** Nowhere is the wall time further from UTC, and no change of the clocks was ever greater. */
const DAY_MS = 86_400 * SECOND_MS;

/** The instant at which a wall time happens. */
export function instantOfWall(wallMs: number, offsetAt: OffsetAt): number {
  const from = wallMs - DAY_MS;
  const until = wallMs + DAY_MS;
  const before = offsetAt(from);
  const early = wallMs - before;
  if (offsetAt(early) === before) return early;
  const late = wallMs - offsetAt(until);
  const change = findChange(from, until, offsetAt);
  return Math.max(late, change);
}

/** The latest wall time that has happened by an instant. Later than what the walls show, in the hour after they were set back. */
export function latestWallAt(instantMs: number, offsetAt: OffsetAt): number {
  const from = instantMs - DAY_MS;
  const before = offsetAt(from);
  const now = offsetAt(instantMs);
  const shown = instantMs + now;
  if (before <= now) return shown;
  return Math.max(shown, findChange(from, instantMs, offsetAt) + before - SECOND_MS);
}

/** The first instant, to the second, with another offset than `from`; there must be one by `until`. */
function findChange(from: number, until: number, offsetAt: OffsetAt): number {
  const before = offsetAt(from);
  let same = Math.floor(from / SECOND_MS);
  let changed = Math.ceil(until / SECOND_MS);
  while (changed - same > 1) {
    const middle = Math.floor((same + changed) / 2);
    if (offsetAt(middle * SECOND_MS) === before) same = middle;
    else changed = middle;
  }
  return changed * SECOND_MS;
}

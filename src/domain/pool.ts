import { retryDelayMs } from "./retry-policy.ts";

/** A member's place in its pool, as the next member will find it. Instants are monotonic milliseconds. */
export interface PoolPlace {
  /** How many members in a row died young in it. */
  failures: number;
  /** No replacement is started sooner. */
  opensAtMs: number;
}

/** After so long in its place a member has not died of its start. */
const LIVED_WELL_MS = 60_000;
const LONGEST_WAIT_MS = 60_000;
/** A replacement that was started and has not announced itself by then is given up. */
export const START_MS = 10_000;

/** The first member's place. */
export function newPlace(nowMs: number): PoolPlace {
  return placeTaken({ failures: 0 }, nowMs);
}

/**
 * A replacement is about to be started: nobody else starts one until it had its time.
 * @returns undefined while it is too early: a member that dies at once, again and again, must not become a fork storm
 */
export function placeClaimed(place: PoolPlace, nowMs: number): PoolPlace | undefined {
  if (nowMs < place.opensAtMs) return undefined;
  const failures = nowMs - place.opensAtMs >= LIVED_WELL_MS ? 1 : place.failures + 1;
  return { failures, opensAtMs: nowMs + Math.max(START_MS, waitMs(failures)) };
}

/** A member has taken the place: its own replacement waits the longer, the more have died young before it. */
export function placeTaken({ failures }: Pick<PoolPlace, "failures">, nowMs: number): PoolPlace {
  return { failures, opensAtMs: nowMs + waitMs(failures) };
}

/** From start to start: 1 s for the first, then 2, 4, 8 s and so on to a minute. */
function waitMs(failures: number): number {
  return retryDelayMs(failures, { base: 2, maxMs: LONGEST_WAIT_MS, jitter: 0 }, 0);
}

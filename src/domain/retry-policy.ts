/** How long a failed job waits. Delays are milliseconds. */
export interface BackoffPolicy {
  /** After failure n the job waits `base ^ n` seconds. */
  base: number;
  maxMs: number;
  /** Share of the delay, 0 to 1, that is added at random. */
  jitter: number;
}

/**
 * The wait after failure `failures` (1, 2, …): `base ^ failures` seconds, plus the random share, never above `maxMs`.
 * A power that overflows is infinite and so becomes the cap.
 * @param random in [0, 1)
 */
export function retryDelayMs(failures: number, policy: BackoffPolicy, random: number): number {
  const delayMs = policy.base ** failures * 1_000 * (1 + policy.jitter * random);
  return Math.round(Math.min(delayMs, policy.maxMs));
}

const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The longest duration accepted anywhere: 100 years. Sums with an instant of today stay exact integers. */
export const MAX_DURATION_MS: number = 36_525 * MS_PER_UNIT.d;

const NUMBER = "(\\d+(?:\\.\\d+)?|\\.\\d+)";

/** Blanks belong to the part before them: where two could take the same ones, a long text would take for ever. */
const PARTS: string = ["d", "h", "m(?:in)?", "s", "ms"]
  .map((unit) => `(?:${NUMBER}\\s*${unit}\\s*)?`)
  .join("");

/** What `parseDurationMs` reads: seconds, or parts. */
export const DURATION_PATTERN: RegExp = new RegExp(`^\\s*(?=\\S)(?:${NUMBER}\\s*|${PARTS})$`);

/**
 * Reads `30s`, `5m`, `2h`, `1d`, `250ms`, several of these with the largest first (`1h30m`), or a bare number of seconds;
 * fractions are allowed. What `formatDuration` writes is read, too.
 * What is not zero never becomes zero, for zero often means "no limit".
 * @returns whole milliseconds, or undefined when the text is none of these, is negative, or exceeds 100 years
 */
export function parseDurationMs(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  if (!match) return undefined;
  const [, seconds, ...parts] = match;
  const { ms: one, s, m, h, d } = MS_PER_UNIT;
  const exactMs =
    seconds === undefined
      ? [d, h, m, s, one].reduce((sum, unitMs, index) => sum + Number(parts[index] ?? 0) * unitMs, 0)
      : Number(seconds) * s;
  const ms = exactMs > 0 ? Math.max(1, Math.round(exactMs)) : 0;
  return ms <= MAX_DURATION_MS ? ms : undefined;
}

/** Writes a duration for people, in the largest unit that keeps it short: `850 ms`, `2 s`, `1.5 s`, `5 min`, `2 h 5 min`. */
export function formatDuration(exactMs: number): string {
  const ms = Math.round(exactMs);
  if (ms < 1_000) return `${ms} ms`;
  if (ms < MS_PER_UNIT.m) return `${trimFraction(ms / 1_000)} s`;
  if (ms < MS_PER_UNIT.h) return withRest(ms, MS_PER_UNIT.m, "min", 1_000, "s");
  if (ms < MS_PER_UNIT.d) return withRest(ms, MS_PER_UNIT.h, "h", MS_PER_UNIT.m, "min");
  return withRest(ms, MS_PER_UNIT.d, "d", MS_PER_UNIT.h, "h");
}

function withRest(ms: number, unitMs: number, unit: string, restMs: number, rest: string): string {
  const whole = Math.floor(ms / unitMs);
  const remainder = Math.floor((ms % unitMs) / restMs);
  return remainder === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${remainder} ${rest}`;
}

function trimFraction(value: number): string {
  return String(Math.floor(value * 10) / 10);
}

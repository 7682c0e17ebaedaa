/** What `parseInstant` reads. */
export const INSTANT_PATTERN: RegExp =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(Z|[+-]\d{2}:?\d{2})$/;

/** The end of the year 9999: later ones are written with a sign and six digits. */
const LAST_INSTANT = 253_402_300_799_999;

/**
 * Reads an ISO 8601 instant, also one with blanks between its parts. One without a zone is refused: whose local time it means differs from host to host.
 * @returns epoch milliseconds, or undefined when the text is no instant of the years 1970 to 9999
 */
export function parseInstant(text: string): number | undefined {
  const [, date = "", time, offset] = INSTANT_PATTERN.exec(text) ?? [];
  const at = Date.parse(`${date}T${time}${offset}`);
  if (Number.isNaN(at) || at < 0 || at > LAST_INSTANT) return undefined;
  // Date.parse rolls 31 February over into March; the day that was written must be the day that was meant.
  const midnight = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date) ? at : undefined;
}

/** `2026-12-01 03:00 Europe/Rome`, with or without seconds, with a T or a space in the middle. */
export const WALL_TIME_PATTERN: RegExp =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?) ([A-Za-z][A-Za-z0-9_+/-]*)$/;

/**
 * Reads the time on the walls of a zone, which is named behind it.
 * @returns the wall time as `wall-time.ts` has it, or undefined when the text is none
 */
export function parseWallTime(text: string): { wallMs: number; zone: string } | undefined {
  const [, date, time, zone = ""] = WALL_TIME_PATTERN.exec(text) ?? [];
  const wallMs = parseInstant(`${date}T${time}Z`);
  return wallMs === undefined ? undefined : { wallMs, zone };
}

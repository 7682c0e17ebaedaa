import { QueuectlError } from "../domain/errors.ts";
import { type Calendar, calendarOf, type WallPattern } from "../domain/schedule.ts";
import { describeUnknownZone, offsetsOf } from "../domain/time-zone.ts";
import type { OffsetAt } from "../domain/wall-time.ts";

/** When a schedule fires. */
export interface Timing {
  /** Five cron fields, six with the seconds in front, or a name like `@daily`. */
  pattern: string;
  /** A name of the tz database. */
  zone: string;
}

/** The fields of a pattern, as people call them, and what may stand in each. The last five are what crontab knows. */
const FIELDS: readonly { name: string; values: string }[] = [
  { name: "second", values: "0 to 59" },
  { name: "minute", values: "0 to 59" },
  { name: "hour", values: "0 to 23" },
  { name: "day of the month", values: "1 to 31, or L for the last" },
  { name: "month", values: "1 to 12, or JAN to DEC" },
  { name: "day of the week", values: "0 to 7, or SUN to SAT" },
];

const NAMES: readonly string[] = [
  "@hourly",
  "@daily",
  "@midnight",
  "@weekly",
  "@monthly",
  "@yearly",
  "@annually",
];

/**
 * Reads a pattern for a zone. Croner only matches: it is given wall times as if they were UTC, so that what becomes of
 * those that a zone skips or shows twice is decided in one place (`domain/wall-time.ts`).
 * @throws invalid_schedule when the pattern or the zone cannot be read
 */
export async function readCalendar({ pattern, zone }: Timing): Promise<Calendar> {
  return calendarOf(await readPattern(pattern), requireOffsets(zone));
}

/**
 * Refuses a pattern that matches no day. To be asked once, of a new one: the search goes through centuries.
 * @throws invalid_schedule, as `readCalendar`
 */
export async function requireInstants(timing: Timing): Promise<void> {
  const calendar = await readCalendar(timing);
  // The calendar repeats itself every 400 years; the search covers more.
  if (calendar.next(0) === undefined)
    throw new QueuectlError(
      "invalid_schedule",
      `The schedule "${timing.pattern}" never fires: no day matches it`,
      { hint: "Look at its day and its month." },
    );
}

async function readPattern(text: string): Promise<WallPattern> {
  const fields = text.trim().split(/\s+/);
  const isName = NAMES.includes(text.trim().toLowerCase());
  if (!isName && fields.length !== 5 && fields.length !== 6) throw wrongFields(text, fields);
  // A package of its own, that only schedules need.
  const { Cron } = await import("croner");
  const read = (pattern: string) => new Cron(pattern, { utcOffset: 0, mode: "5-or-6-parts" });
  try {
    const cron = read(text);
    return {
      after: (wallMs) => cron.nextRun(new Date(wallMs))?.getTime(),
      before: (wallMs) => cron.previousRuns(1, new Date(wallMs))[0]?.getTime(),
    };
  } catch (cause) {
    throw wrongField(text, fields, read, cause);
  }
}

const THE_FIELDS =
  "They are minute, hour, day of the month, month and day of the week; a sixth in front counts seconds.";

function wrongFields(text: string, fields: readonly string[]): QueuectlError {
  if (text.trim().startsWith("@"))
    return new QueuectlError(
      "invalid_schedule",
      `Cannot read the schedule "${text}": no time has this name`,
      {
        hint: `The names are ${NAMES.join(", ")}. Every five minutes is "*/5 * * * *".`,
      },
    );
  const count = text.trim() === "" ? "none" : String(fields.length);
  return new QueuectlError(
    "invalid_schedule",
    `Cannot read the schedule "${text}": five fields are needed, or six, and it has ${count}`,
    {
      hint: `${THE_FIELDS} Quote the schedule, or the shell takes each * for file names.`,
    },
  );
}

/** Tries each field alone, to say which of them it is. */
function wrongField(
  text: string,
  fields: readonly string[],
  read: (pattern: string) => unknown,
  cause: unknown,
): QueuectlError {
  const names = FIELDS.slice(-fields.length);
  const wrong = fields.findIndex((field, index) => {
    try {
      read(fields.map((_, other) => (other === index ? field : "*")).join(" "));
      return false;
    } catch {
      return true;
    }
  });
  const field = names[wrong];
  const message = `Cannot read the schedule "${text}"`;
  if (field === undefined)
    return new QueuectlError("invalid_schedule", `${message}: its fields do not go together`, {
      hint: `${THE_FIELDS} Begin with * in each, and narrow one after the other.`,
      cause,
    });
  return new QueuectlError("invalid_schedule", `${message}: its ${field.name} is "${fields[wrong]}"`, {
    hint: `It may be ${field.values}: one, a list (1,4), a range (1-4), or * with or without a step (*/5).`,
    cause,
  });
}

/** @throws invalid_schedule when nobody knows the zone */
function requireOffsets(zone: string): OffsetAt {
  const offsets = offsetsOf(zone);
  if (offsets) return offsets;
  const { message, hint } = describeUnknownZone(zone);
  throw new QueuectlError("invalid_schedule", message, { hint });
}

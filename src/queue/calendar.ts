import { QueuectlError } from "../domain/errors.ts";
import { type Calendar, calendarOf, type WallPattern } from "../domain/schedule.ts";
import { describeUnknownZone, offsetsOf } from "../domain/time-zone.ts";
import type { OffsetAt } from "../domain/wall-time.ts";
import { CRON_FIELDS, faultOfField } from "./cron-fields.ts";

/** When a schedule fires. */
export interface Timing {
  /** Five cron fields, six with the seconds in front, or a name like `@daily`. */
  pattern: string;
  /** A name of the tz database. */
  zone: string;
}

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
  if (!isName) refuseWrongField(text, fields);
  // A package of its own, that only schedules need.
  const { Cron } = await import("croner");
  try {
    const cron = new Cron(text, { utcOffset: 0, mode: "5-or-6-parts" });
    return {
      after: (wallMs) => cron.nextRun(new Date(wallMs))?.getTime(),
      before: (wallMs) => cron.previousRuns(1, new Date(wallMs))[0]?.getTime(),
    };
  } catch (cause) {
    throw new QueuectlError(
      "invalid_schedule",
      `Cannot read the schedule "${text}": its fields do not go together`,
      {
        hint: "Begin with * in each, and narrow one after the other.",
        cause,
      },
    );
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

/** Says which field it is, what is wrong with it, and what to write instead. */
function refuseWrongField(text: string, given: readonly string[]): void {
  const fields = CRON_FIELDS.slice(-given.length);
  for (const [index, field] of fields.entries()) {
    const hint = faultOfField(given[index] ?? "", field);
    if (hint !== undefined)
      throw new QueuectlError(
        "invalid_schedule",
        `Cannot read the schedule "${text}": its ${field.name} is "${given[index]}"`,
        { hint },
      );
  }
}

/** @throws invalid_schedule when nobody knows the zone */
function requireOffsets(zone: string): OffsetAt {
  const offsets = offsetsOf(zone);
  if (offsets) return offsets;
  const { message, hint } = describeUnknownZone(zone);
  throw new QueuectlError("invalid_schedule", message, { hint });
}

import { suggest } from "./suggest.ts";
import type { OffsetAt } from "./wall-time.ts";

/**
 * What the walls of a zone are ahead of UTC, by the tz database that the language carries (`Intl`): a table, no clock.
 * @returns undefined when nobody knows the zone
 */
export function offsetsOf(zone: string): OffsetAt | undefined {
  const format = formatOf(zone);
  if (format === undefined) return undefined;
  return (instantMs) => {
    // "1/1/2026, GMT+05:30", and "GMT" alone at no offset.
    const match = /([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(format.format(instantMs));
    if (!match) return 0;
    const [, sign, hours, minutes, seconds = 0] = match;
    const offsetS = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
    return (sign === "-" ? -offsetS : offsetS) * 1_000;
  };
}

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  } catch {
    return undefined;
  }
}

/** What to say about a zone that nobody knows. */
export function describeUnknownZone(zone: string): { message: string; hint: string } {
  const near = suggest(zone, Intl.supportedValuesOf("timeZone"));
  return {
    message: `There is no time zone "${zone}"`,
    hint:
      near.length > 0
        ? `Did you mean ${near.join(" or ")}?`
        : "A zone has a name like Europe/Rome, America/New_York or UTC.",
  };
}

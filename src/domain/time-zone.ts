import { didYouMean, suggest } from "./suggest.ts";
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

/** A zone as it is written, by a name in any letters; undefined when nobody knows it. */
export function spellZone(zone: string): string | undefined {
  const known = formatOf(zone)?.resolvedOptions().timeZone;
  if (known === undefined || zone === "") return undefined;
  // An old name stays what it is: the language may hold another one for the right one.
  return known.toLowerCase() === zone.toLowerCase() ? known : zone;
}

/** What to say about a zone that nobody knows. */
export function describeUnknownZone(zone: string): { message: string; hint: string } {
  return {
    message: `There is no time zone "${zone}"`,
    hint: didYouMean(namesNear(zone)) ?? "A zone has a name like Europe/Rome, America/New_York or UTC.",
  };
}

/** By its city alone, or by the whole of it. */
function namesNear(zone: string): string[] {
  const zones = Intl.supportedValuesOf("timeZone");
  const city = (name: string) => name.slice(name.lastIndexOf("/") + 1).toLowerCase();
  const wanted = zone.toLowerCase().replaceAll(" ", "_");
  const ofCity = zones.filter((name) => city(name) === wanted);
  if (ofCity.length > 0) return ofCity;
  const near = suggest(zone, zones);
  return near.length > 0
    ? near
    : suggest(wanted, zones.map(city)).flatMap((name) => zones.find((each) => city(each) === name) ?? []);
}

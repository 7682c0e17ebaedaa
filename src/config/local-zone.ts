import { realpathSync } from "node:fs";
import { QueuectlError } from "../domain/errors.ts";
import { spellZone } from "../domain/time-zone.ts";

/** Where the system keeps its zones, and two old trees of the same. */
const ZONEINFO = /^.*\/zoneinfo\/(?:posix\/|right\/)?/;

/** What the system uses where TZ is not set. */
const SYSTEM_ZONE = "/etc/localtime";

/**
 * The zone of this machine: that of TZ, as the C library reads it; without it, the system's. Not what `Intl` says of TZ, which
 * takes what it does not understand for UTC, or for nothing.
 * @param remedy how whoever asks may name a zone
 * @throws invalid_schedule when the zone has no name that others would know
 */
export function localZone(env: Readonly<Record<string, string | undefined>>, remedy: string): string {
  const given = env["TZ"];
  const text = given?.replace(/^:/, "") ?? "";
  if (given !== undefined && text === "") return "UTC";
  const zone = text === "" ? systemZone() : spellZone(text.startsWith("/") ? nameOfFile(text) : text);
  if (zone !== undefined) return zone;
  const whose =
    given === undefined ? "The time zone of this machine" : `TZ is ${JSON.stringify(given)}, which`;
  throw new QueuectlError("invalid_schedule", `${whose} is not the name of a time zone`, { hint: remedy });
}

function systemZone(): string | undefined {
  return (
    spellZone(new Intl.DateTimeFormat().resolvedOptions().timeZone ?? "") ??
    spellZone(nameOfFile(SYSTEM_ZONE))
  );
}

/** The zone whose file this is; of a copy elsewhere nobody can tell. */
function nameOfFile(path: string): string {
  try {
    const file = realpathSync(path);
    return ZONEINFO.test(file) ? file.replace(ZONEINFO, "") : "";
  } catch {
    return "";
  }
}

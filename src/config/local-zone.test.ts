import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { localZone } from "./local-zone.ts";

const ROME = "/usr/share/zoneinfo/Europe/Rome";

test.each([
  ["Europe/Rome", "Europe/Rome"],
  ["europe/rome", "Europe/Rome"],
  [":Asia/Tokyo", "Asia/Tokyo"],
  ["UTC", "UTC"],
  ["EST5EDT", "EST5EDT"],
  ["", "UTC"],
  [":", "UTC"],
])("TZ=%s is the zone %s", (TZ, zone) => {
  expect(localZone({ TZ }, "")).toBe(zone);
});

test.runIf(existsSync(ROME))("a file of the system's zones is the zone that it is called by", () => {
  expect(localZone({ TZ: ROME }, "")).toBe("Europe/Rome");
  expect(localZone({ TZ: `:${ROME}` }, "")).toBe("Europe/Rome");
});

test("without TZ the zone is the system's", () => {
  const zone = localZone({}, "");
  expect(Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone).not.toBe("");
});

test.each(["Mars/Base", "posixrules", "EST5EDT4,M3.2.0,M11.1.0", "UTC0", ":/dev/null", "/no/such/file"])(
  "TZ=%s names no zone, and is refused by its name",
  (TZ) => {
    expect(() => localZone({ TZ }, "Give --tz.")).toThrow(
      expect.objectContaining({
        code: "invalid_schedule",
        message: `TZ is "${TZ}", which is not the name of a time zone`,
        hint: "Give --tz.",
      }),
    );
  },
);

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_DURATION_MS } from "../domain/duration.ts";
import { QueuectlError } from "../domain/errors.ts";
import {
  findSetting,
  formatSettingValue,
  outerValue,
  parseSettingValue,
  SETTINGS,
  type Setting,
  type SettingKey,
  settingEnvName,
} from "./settings.ts";

const names = SETTINGS.flatMap((setting) =>
  [setting.key, ...setting.aliases].map((name) => [name, setting.key] as const),
);

function refusal(act: () => unknown): QueuectlError {
  try {
    act();
  } catch (error) {
    if (error instanceof QueuectlError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a setting is found", () => {
  test.each(names)("as %s", (name, key) => {
    expect(findSetting(name).key).toBe(key);
  });

  test.each(names.map(([name, key]) => [name.replaceAll("-", "_"), key]))("as %s", (name, key) => {
    expect(findSetting(name).key).toBe(key);
  });

  test.each([
    ["exp-backoff-base", "backoff-base"],
    ["exp_backoff_base", "backoff-base"],
    ["timeout", "job-timeout"],
    ["max_retries", "max-retries"],
    ["db_path", "db-path"],
  ])("under the spelling %s of the documents", (name, key) => {
    expect(findSetting(name).key).toBe(key);
  });

  test("under one name only", () => {
    expect(new Set(names.map(([name]) => name)).size).toBe(names.length);
  });
});

describe("an unknown setting is refused", () => {
  test.each([
    ["max-retrys", "Did you mean max-retries?"],
    ["MAX-RETRIES", "The keys are: max-retries, "],
    ["backof-base", "Did you mean backoff-base"],
    ["poll_intervall", "Did you mean poll-interval?"],
    ["colour", "The keys are: max-retries, "],
    ["", "The keys are: "],
    ["toString", "The keys are: "],
    ["__proto__", "The keys are: "],
  ])("%j, with the hint: %s", (name, hint) => {
    const error = refusal(() => findSetting(name));
    expect(error.code).toBe("setting_not_found");
    expect(error.message).toBe(`Unknown setting "${name}"`);
    expect(error.hint).toContain(hint);
  });
});

describe("a value is read as it is typed", () => {
  test.each<[SettingKey, string, number | string | null]>([
    ["max-retries", "0", 0],
    ["max-retries", "5", 5],
    ["max-retries", "1000000", 1_000_000],
    ["backoff-base", "2", 2],
    ["backoff-base", "1.5", 1.5],
    ["backoff-base", ".5", 0.5],
    ["backoff-base", "0", 0],
    ["max-backoff", "5m", 300_000],
    ["max-backoff", "0", 0],
    ["backoff-jitter", "0", 0],
    ["backoff-jitter", "1", 1],
    ["backoff-jitter", "0.25", 0.25],
    ["poll-interval", "0.5", 500],
    ["poll-interval", "10ms", 10],
    ["job-timeout", "0", 0],
    ["job-timeout", "0.0001", 1],
    ["job-timeout", " 2h ", 7_200_000],
    ["kill-grace", "0", 0],
    ["stop-grace", "none", null],
    ["stop-grace", "30s", 30_000],
    ["stop-grace", "0", 0],
    ["lease-timeout", "1", 1_000],
    ["lease-timeout", "1d", 86_400_000],
    ["output-limit", "1024", 1_024],
    ["output-limit", "10MiB", 10_485_760],
    ["output-limit", "1TiB", 1_099_511_627_776],
    ["db-path", "/data/my queue.db", "/data/my queue.db"],
  ])("%s: %j is %j", (key, text, value) => {
    expect(parseSettingValue(findSetting(key), text)).toBe(value);
  });

  test.each<[SettingKey, string]>([
    ["max-retries", "-1"],
    ["max-retries", "1.5"],
    ["max-retries", "three"],
    ["max-retries", "1e3"],
    ["max-retries", "1000001"],
    ["max-retries", "9".repeat(400)],
    ["max-retries", ""],
    ["backoff-base", "-2"],
    ["backoff-base", "two"],
    ["backoff-base", "NaN"],
    ["backoff-base", "Infinity"],
    ["backoff-base", "1e400"],
    ["backoff-base", "0x10"],
    ["backoff-jitter", "1.01"],
    ["backoff-jitter", "-0.1"],
    ["max-backoff", "-5s"],
    ["max-backoff", "none"],
    ["max-backoff", "101y"],
    ["max-backoff", "40000d"],
    ["poll-interval", "0"],
    ["poll-interval", "9ms"],
    ["job-timeout", "none"],
    ["job-timeout", "soon"],
    ["stop-grace", "never"],
    ["stop-grace", ""],
    ["lease-timeout", "999ms"],
    ["lease-timeout", "86401"],
    ["lease-timeout", "365d"],
    ["output-limit", "1023"],
    ["output-limit", "2TiB"],
    ["output-limit", "-1"],
    ["output-limit", "big"],
    ["db-path", ""],
    ["db-path", "  "],
    ["db-path", "a\0b"],
  ])("%s refuses %j", (key, text) => {
    const error = refusal(() => parseSettingValue(findSetting(key), text));
    expect(error.code).toBe("invalid_setting");
    expect(error.message).toBe(`Cannot set ${key} to "${text}"`);
    expect(error.hint).toMatch(/^It must be a .+\.$/);
  });
});

describe.each(SETTINGS.map((setting) => [setting.key, setting] as const))(
  "the setting %s",
  (key, setting) => {
    test("has a default within its range, a sentence, and a variable named after it", () => {
      if (setting.default !== null) {
        expect(setting.default).toBeGreaterThanOrEqual(setting.min);
        expect(setting.default).toBeLessThanOrEqual(setting.max);
      }
      expect(setting.sentence).toMatch(/^[a-z].*[^.]$/);
      expect(settingEnvName(setting)).toMatch(/^QUEUECTL_CONFIG_[A-Z_]+$/);
      expect(findSetting(settingEnvName(setting).slice("QUEUECTL_CONFIG_".length).toLowerCase()).key).toBe(
        key,
      );
    });

    test("is read back from its text as the value it was", () => {
      fc.assert(
        fc.property(innerValue(setting), (value) => {
          expect(parseSettingValue(setting, formatSettingValue(setting, value))).toBe(value);
        }),
        { numRuns: 300 },
      );
    });

    test("gives a text that is read, or is refused, but never anything else", () => {
      const texts = fc.oneof(fc.string(), fc.stringMatching(/^-?\d{0,9}\.?\d{0,9}(ms|[smhd]|[KMG]i?B)?$/));
      fc.assert(
        fc.property(texts, (text) => {
          try {
            const value = parseSettingValue(setting, text);
            expect(parseSettingValue(setting, formatSettingValue(setting, value))).toBe(value);
          } catch (error) {
            if (!(error instanceof QueuectlError)) throw error;
            expect(error.code).toBe("invalid_setting");
          }
        }),
      );
    });
  },
);

/** The values that a setting can have, in inner units. */
function innerValue({ type, min, max }: Setting): fc.Arbitrary<number | string | null> {
  switch (type) {
    case "count":
    case "duration":
    case "size":
      return fc.integer({ min, max });
    case "optionalDuration":
      return fc.option(fc.integer({ min, max }));
    case "number":
      return fc.oneof(
        fc.double({ min, max, noNaN: true }).filter((value) => !Object.is(value, -0)),
        fc.constantFrom(1e-7, Number.MIN_VALUE),
      );
    case "path":
      return fc.string({ minLength: 1 }).filter((text) => text === text.trim() && !text.includes("\0"));
  }
}

test("durations are seconds outside, sizes bytes, and none is null", () => {
  const outside = (key: SettingKey, value: number | string | null) => [
    outerValue(findSetting(key), value),
    formatSettingValue(findSetting(key), value),
  ];
  expect(outside("max-backoff", 300_000)).toEqual([300, "300"]);
  expect(outside("poll-interval", 250)).toEqual([0.25, "0.25"]);
  expect(outside("stop-grace", null)).toEqual([null, "none"]);
  expect(outside("stop-grace", 0)).toEqual([0, "0"]);
  expect(outside("output-limit", 10_485_760)).toEqual([10_485_760, "10485760"]);
  expect(outside("max-retries", 3)).toEqual([3, "3"]);
  expect(outside("db-path", "/srv/queue.db")).toEqual(["/srv/queue.db", "/srv/queue.db"]);
});

test("the defaults are those of the documentation", () => {
  const defaults = Object.fromEntries(
    SETTINGS.map((setting) => [setting.key, outerValue(setting, setting.default)]),
  );
  expect(defaults).toMatchObject({
    "max-retries": 3,
    "backoff-base": 2,
    "max-backoff": 300,
    "backoff-jitter": 0,
    "poll-interval": 2,
    "job-timeout": 300,
    "kill-grace": 5,
    "stop-grace": null,
    "lease-timeout": 15,
    "output-limit": 10 * 1_024 * 1_024,
  });
});

test("no duration is longer than 100 years, a lease no longer than a day", () => {
  const durations = SETTINGS.filter(({ type }) => type === "duration" || type === "optionalDuration");
  for (const { key, max } of durations)
    expect(max).toBe(key === "lease-timeout" ? 86_400_000 : MAX_DURATION_MS);
});

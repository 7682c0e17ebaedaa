import { describe, expect, test } from "vitest";
import { QueuectlError } from "../domain/errors.ts";
import { resolveSetting, resolveSettings, type SettingOrigin, type SettingSources } from "./resolve.ts";
import { SETTINGS } from "./settings.ts";

const NOWHERE: SettingSources = { flags: {}, env: {}, file: {}, store: {} };

/** The setting, given in these places with a value of its own in each. */
const VALUES: Readonly<Record<Exclude<SettingOrigin, "default">, string>> = {
  store: "11",
  file: "12",
  env: "13",
  flag: "14",
};

function given(...origins: (keyof typeof VALUES)[]): SettingSources {
  const at = (origin: keyof typeof VALUES, name: string) =>
    origins.includes(origin) ? { [name]: VALUES[origin] } : {};
  return {
    store: at("store", "max-retries"),
    file: at("file", "max-retries"),
    env: at("env", "QUEUECTL_CONFIG_MAX_RETRIES"),
    flags: at("flag", "max-retries"),
  };
}

describe("a setting", () => {
  test("that is given nowhere has its default", () => {
    expect(resolveSetting("max-retries", NOWHERE)).toMatchObject({ value: 3, origin: "default" });
    expect(resolveSetting("stop-grace", NOWHERE)).toMatchObject({ value: null, origin: "default" });
  });

  const places = ["store", "file", "env", "flag"] as const;
  const subsets = Array.from({ length: 15 }, (_, bits) => places.filter((_, i) => (bits + 1) & (1 << i)));
  test.each(subsets.map((origins) => ({ origins, strongest: origins.at(-1) ?? "store" })))(
    "that is given by $origins is that of the $strongest",
    ({ origins, strongest }) => {
      expect(resolveSetting("max-retries", given(...origins))).toMatchObject({
        value: Number(VALUES[strongest]),
        origin: strongest,
      });
    },
  );

  test("is not given by an empty variable or entry", () => {
    const empty = { env: { QUEUECTL_CONFIG_MAX_RETRIES: "" }, file: { "max-retries": "" } };
    expect(resolveSetting("max-retries", { ...given("store"), ...empty })).toMatchObject({ origin: "store" });
    expect(resolveSetting("max-retries", { ...NOWHERE, store: { "max-retries": "" } })).toMatchObject({
      origin: "default",
    });
  });

  test("is not given by a flag that is left out", () => {
    expect(
      resolveSetting("max-retries", { ...given("env"), flags: { "max-retries": undefined } }),
    ).toMatchObject({ origin: "env" });
  });

  test("takes no part of another's name", () => {
    const sources = { ...NOWHERE, store: { retries: "9", toString: "9" } };
    expect(resolveSetting("max-retries", sources)).toMatchObject({ value: 3, origin: "default" });
  });

  test.each([
    ["flag", { flags: { "job-timeout": "soon" } }],
    ["empty flag", { flags: { "job-timeout": "" } }],
    ["variable", { env: { QUEUECTL_CONFIG_JOB_TIMEOUT: "-1" } }],
    ["entry in the file", { file: { "job-timeout": "5 weeks" } }],
    ["entry in the store", { store: { "job-timeout": "x" } }],
  ])("with a wrong %s is refused, not passed over for a weaker source", (_, wrong) => {
    const sources: SettingSources = { ...NOWHERE, store: { "job-timeout": "60" }, ...wrong };
    expect(() => resolveSetting("job-timeout", sources)).toThrow(
      expect.objectContaining({ constructor: QueuectlError, code: "invalid_setting" }),
    );
  });

  test("with a wrong text in a source that does not count is not refused", () => {
    const sources = { ...NOWHERE, store: { "job-timeout": "x" }, flags: { "job-timeout": "60" } };
    expect(resolveSetting("job-timeout", sources)).toMatchObject({ value: 60_000, origin: "flag" });
  });
});

test("all settings are resolved in the order of the table", () => {
  const resolved = resolveSettings({ ...given("env"), store: { "max-backoff": "1h" } });
  expect(resolved.map(({ setting }) => setting.key)).toEqual(SETTINGS.map(({ key }) => key));
  expect(resolved.filter(({ origin }) => origin !== "default")).toMatchObject([
    { setting: { key: "max-retries" }, value: 13, origin: "env" },
    { setting: { key: "max-backoff" }, value: 3_600_000, origin: "store" },
  ]);
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { expectJsonRefusal, expectRefusal } from "../support/expect-refusal.ts";
import { homeForTest } from "../support/queuectl.ts";

const DEFAULTS = {
  "max-retries": 3,
  "backoff-base": 2,
  "max-backoff": 300,
  "backoff-jitter": 0,
  "poll-interval": 2,
  "job-timeout": 300,
  "kill-grace": 5,
  "stop-grace": null,
  "lease-timeout": 15,
  "crash-limit": 3,
  "output-limit": 10_485_760,
  "retain-completed": 2_592_000,
  "retain-cancelled": 2_592_000,
  "retain-logs": 2_592_000,
};

test("config get, list and show give all settings: key = value, or an object of key and value", async () => {
  const home = homeForTest();
  const all = { ...DEFAULTS, "db-path": home.db };
  const text = Object.entries(all).map(([key, value]) => `${key} = ${value ?? "none"}\n`);
  for (const verb of ["get", "list", "show"]) {
    expect(await home.ok("config", verb)).toBe(text.join(""));
    expect(await home.json("config", verb)).toEqual(all);
  }
  await home.ok("config", "set", "backoff-base", "1.5");
  const { stdout } = await home.run(["config", "list", "--origin", "--json"], {
    env: { QUEUECTL_CONFIG_MAX_BACKOFF: "1m" },
  });
  expect(JSON.parse(stdout)).toMatchObject({
    "max-retries": { value: 3, origin: "default" },
    "backoff-base": { value: 1.5, origin: "store" },
    "max-backoff": { value: 60, origin: "env" },
    "db-path": { value: home.db, origin: "default" },
  });
  const shown = await home.ok("config", "show", "--origin");
  expect(shown).toContain("backoff-base = 1.5 (store)\n");
  expect(shown).toContain("stop-grace = none (default)\n");
});

test("config set confirms with the key in hyphens, and config get prints the bare value", async () => {
  const home = homeForTest();
  const set = async (key: string, value: string, confirmed: string) => {
    expect(await home.ok("config", "set", key, value)).toBe(`✅ Config updated: ${confirmed}\n`);
    const [shownKey = "", shownValue] = confirmed.split(" = ");
    expect(await home.ok("config", "get", shownKey)).toBe(`${shownValue}\n`);
  };
  await set("max-retries", "5", "max-retries = 5");
  await set("backoff-base", "2.5", "backoff-base = 2.5");
  await set("max-backoff", "1h", "max-backoff = 3600");
  await set("backoff-jitter", "0.25", "backoff-jitter = 0.25");
  await set("poll-interval", "500ms", "poll-interval = 0.5");
  await set("job-timeout", "0", "job-timeout = 0");
  await set("kill-grace", "250ms", "kill-grace = 0.25");
  await set("stop-grace", "30s", "stop-grace = 30");
  await set("stop-grace", "none", "stop-grace = none");
  await set("lease-timeout", "1d", "lease-timeout = 86400");
  await set("output-limit", "512KiB", "output-limit = 524288");
  await set("output-limit", "1GB", "output-limit = 1000000000");
  expect(await home.json("config", "set", "job-timeout", "5m")).toEqual({ "job-timeout": 300 });
  expect(await home.json("config", "get", "job-timeout")).toEqual({ "job-timeout": 300 });
  expect(await home.ok("config", "get", "job-timeout", "--origin")).toBe("300 (store)\n");
  expect(await home.ok("config", "set", "job-timeout", "1", "--quiet")).toBe("");
});

test("keys may be written with either sign and by their other names", async () => {
  const home = homeForTest();
  const spellings: readonly [typed: string, key: string][] = [
    ["max_retries", "max-retries"],
    ["backoff_base", "backoff-base"],
    ["exp-backoff-base", "backoff-base"],
    ["exp_backoff_base", "backoff-base"],
    ["poll_interval", "poll-interval"],
    ["job_timeout", "job-timeout"],
    ["timeout", "job-timeout"],
    ["lease_timeout", "lease-timeout"],
  ];
  for (const [index, [typed, key]] of spellings.entries()) {
    const value = String(index + 1);
    expect(await home.ok("config", "set", typed, value)).toBe(`✅ Config updated: ${key} = ${value}\n`);
    expect(await home.ok("config", "get", typed)).toBe(`${value}\n`);
    expect(await home.json("config", "get", typed)).toEqual({ [key]: Number(value) });
  }
  const path = join(home.cwd, "elsewhere.db");
  expect(await home.ok("config", "set", "db_path", "elsewhere.db")).toBe(
    `✅ Config updated: db-path = ${path}\n`,
  );
  expect(await home.ok("config", "get", "db_path", "--quiet")).toBe(`${path}\n`);
  expect(JSON.parse(readFileSync(join(home.path, "config.json"), "utf8"))).toEqual({ "db-path": path });
});

test("a wrong type or range is refused with the rule, an unknown key with the nearest ones", async () => {
  const home = homeForTest();
  const refused = async (key: string, value: string, remedy: string) =>
    expectRefusal(await home.run(["config", "set", key, value]), {
      exitCode: 1,
      says: `Cannot set ${key} to "${value}"`,
      remedy: `It must be ${remedy}`,
    });
  await refused("max-retries", "many", "a whole number from 0 to");
  await refused("max-retries", "-1", "a whole number from 0 to");
  await refused("max-retries", "1.5", "a whole number from 0 to");
  await refused("max-retries", "99999999999", "a whole number from 0 to");
  await refused("backoff-base", "-0.5", "a number from 0 to");
  await refused("backoff-base", "Infinity", "a number from 0 to");
  await refused("backoff-jitter", "1.5", "a number from 0 to 1");
  await refused("poll-interval", "0", "a duration such as 30s, 5m, 1h30m or seconds, at least 0.01 s");
  await refused("job-timeout", "-5", "a duration");
  await refused("job-timeout", "5 parsecs", "a duration");
  await refused(
    "lease-timeout",
    "25h",
    "a duration such as 30s, 5m, 1h30m or seconds, at least 1 s, at most 86400 s",
  );
  await refused("stop-grace", "never", "a duration such as 30s, 5m, 1h30m or seconds, or none");
  await refused("output-limit", "10", "a size such as 512KiB, 10MiB, 1GB or bytes, at least 1024 bytes");
  await refused("db-path", "", "a path");
  expectRefusal(await home.run(["config", "set", "max-retrys", "5"]), {
    exitCode: 4,
    says: 'Unknown setting "max-retrys"',
    remedy: "Did you mean max-retries?",
  });
  expectRefusal(await home.run(["config", "get", "colour"]), {
    exitCode: 4,
    says: 'Unknown setting "colour"',
    remedy: "The keys are: max-retries, backoff-base",
  });
  const json = { exitCode: 1, code: "invalid_setting" };
  expectJsonRefusal(await home.run(["config", "set", "max-retries", "x", "--json"]), json);
  expect(home.files(), "what is refused creates nothing").toEqual(["work"]);
});

test("a variable overrides a setting for one command, and is checked like one", async () => {
  const home = homeForTest();
  await home.ok("config", "set", "max-retries", "4");
  const get = (value: string) =>
    home.run(["config", "get", "max-retries"], { env: { QUEUECTL_CONFIG_MAX_RETRIES: value } });
  expect((await get("9")).stdout).toBe("9\n");
  expect((await get("")).stdout).toBe("4\n");
  expectRefusal(await get("lots"), { exitCode: 1, says: 'max-retries to "lots"', remedy: "a whole number" });
  expect(await home.ok("config", "get", "max-retries")).toBe("4\n");
});

test("config get db-path answers where the path leads nowhere: that is when it is asked", async () => {
  const home = homeForTest();
  const path = join(home.cwd, "no/such/queue.db");
  expect(await home.run(["config", "get", "db-path", "--db", path])).toMatchObject({
    exitCode: 0,
    stdout: `${path}\n`,
    stderr: "",
  });
  const json = await home.json("config", "get", "db-path", "--origin", "--db", path);
  expect(json).toEqual({ "db-path": { value: path, origin: "flag" } });
  expectRefusal(await home.run(["config", "get", "max-retries", "--db", path]), {
    exitCode: 6,
    says: "no/such does not exist",
  });
});

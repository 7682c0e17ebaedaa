import type { WorkerSettings } from "../domain/worker-settings.ts";
import type { ResolvedSetting } from "./resolve.ts";
import type { SettingKey } from "./settings.ts";

/** What a worker goes by, out of all settings as they hold for it. */
export function toWorkerSettings(settings: readonly ResolvedSetting[]): WorkerSettings {
  const number = (key: SettingKey) => settings.find(({ setting }) => setting.key === key)?.value as number;
  return {
    backoff: { base: number("backoff-base"), maxMs: number("max-backoff"), jitter: number("backoff-jitter") },
    jobTimeoutMs: number("job-timeout"),
    killGraceMs: number("kill-grace"),
    stopGraceMs: number("stop-grace") as number | null,
    leaseMs: number("lease-timeout"),
    crashLimit: number("crash-limit"),
    pollIntervalMs: number("poll-interval"),
    outputLimitBytes: number("output-limit"),
  };
}

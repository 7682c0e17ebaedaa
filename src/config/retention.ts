import type { Retention } from "../domain/retention.ts";
import type { ResolvedSetting } from "./resolve.ts";
import type { SettingKey } from "./settings.ts";

/** How long what is finished is kept, out of all settings as they hold. */
export function toRetention(settings: readonly ResolvedSetting[]): Retention {
  const value = (key: SettingKey) => settings.find(({ setting }) => setting.key === key)?.value ?? null;
  return {
    completedMs: value("retain-completed") as number | null,
    cancelledMs: value("retain-cancelled") as number | null,
    logsMs: value("retain-logs") as number | null,
  };
}

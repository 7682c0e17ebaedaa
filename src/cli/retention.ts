import type { SettingKey } from "../config/settings.ts";
import type { Retention } from "../queue/prune.ts";
import type { Store } from "../store/store.ts";
import type { Invocation } from "./command.ts";
import { readAllSettings } from "./context.ts";
import type { Io } from "./io.ts";

/** How long what is finished is kept, by the settings. */
export async function readRetention(store: Store, invocation: Invocation, io: Io): Promise<Retention> {
  const settings = await readAllSettings(store, invocation, io);
  const value = (key: SettingKey) => settings.find(({ setting }) => setting.key === key)?.value ?? null;
  return {
    completedMs: value("retain-completed") as number | null,
    cancelledMs: value("retain-cancelled") as number | null,
    logsMs: value("retain-logs") as number | null,
  };
}

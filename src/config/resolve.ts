import {
  findSetting,
  parseSettingValue,
  SETTINGS,
  type Setting,
  type SettingKey,
  type SettingValue,
  settingEnvName,
} from "./settings.ts";

/** Where a value comes from, the strongest last. */
export type SettingOrigin = "default" | "store" | "file" | "env" | "flag";

export interface ResolvedSetting {
  setting: Setting;
  value: SettingValue;
  origin: SettingOrigin;
}

/** The places a setting may be given in; texts as they were written there. */
export interface SettingSources {
  flags: Readonly<Record<string, string | undefined>>;
  env: Readonly<Record<string, string | undefined>>;
  file: Readonly<Record<string, string>>;
  store: Readonly<Record<string, string>>;
}

/**
 * One setting by the order flag > environment > file > store > default.
 * @throws invalid_setting when the strongest source holds a text that is no value of it
 */
export function resolveSetting(key: SettingKey, sources: SettingSources): ResolvedSetting {
  const setting = findSetting(key);
  const given: [SettingOrigin, string | undefined][] = [
    ["flag", sources.flags[key]],
    ["env", sources.env[settingEnvName(setting)]],
    ["file", sources.file[key]],
    ["store", sources.store[key]],
  ];
  for (const [origin, text] of given) {
    // An empty variable or entry is an unset one; an empty flag is a mistake, and refused below.
    if (text !== undefined && (text !== "" || origin === "flag"))
      return { setting, origin, value: parseSettingValue(setting, text, placeOf(setting, origin)) };
  }
  return { setting, origin: "default", value: setting.default };
}

/** Where a wrong text is to be mended; a flag is in front of one's eyes. */
function placeOf(setting: Setting, origin: SettingOrigin): string {
  switch (origin) {
    case "env":
      return ` (from ${settingEnvName(setting)})`;
    case "store":
      return " (from the store's config table)";
    case "file":
      return " (from config.json)";
    case "flag":
    case "default":
      return "";
  }
}

/** All settings, in the order of the table. */
export function resolveSettings(sources: SettingSources): ResolvedSetting[] {
  return SETTINGS.map(({ key }) => resolveSetting(key, sources));
}

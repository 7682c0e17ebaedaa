import type { ResolvedSetting, SettingOrigin } from "../../config/resolve.ts";
import {
  findSetting,
  formatSettingValue,
  outerValue,
  type Setting,
  type SettingKey,
  type SettingValue,
} from "../../config/settings.ts";
import type { Invocation } from "../command.ts";
import { openForReading, readAllSettings, storeLocation } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";

/** `config get KEY`, bare; `config get`, `list` and `show`, all of them. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const only = args[0] === undefined ? undefined : findSetting(args[0]);
  const settings =
    only?.key === "db-path" ? [readDbPath(only, invocation, io)] : await readSettings(invocation, io);
  const shown = settings.filter(({ setting }) => only === undefined || setting === only);
  const withOrigin = options.has("origin");
  if (options.has("json")) {
    writeJson(io, withOrigin ? toOriginsJson(shown) : toJson(shown));
  } else {
    io.stdout.write(shown.map((each) => `${toText(each, only !== undefined, withOrigin)}\n`).join(""));
  }
  return DONE;
}

async function readSettings(invocation: Invocation, io: Io): Promise<ResolvedSetting[]> {
  await using store = await openForReading(invocation, io);
  return (await readAllSettings(store, invocation, io)).map((each) =>
    each.setting.key === "db-path" ? readDbPath(each.setting, invocation, io) : each,
  );
}

/** Where the store is does not come from the store, and is asked when there is something wrong with it. */
function readDbPath(setting: Setting, invocation: Invocation, io: Io): ResolvedSetting {
  const { path, origin } = storeLocation(invocation, io);
  return { setting, value: path, origin };
}

/** The answer of `config get`, `config list` and `config set` with `--json`: the settings that were asked for. */
export type ConfigJson = Partial<Record<SettingKey, SettingValue>>;

/** The same with `--origin`. */
export type ConfigOriginsJson = Partial<Record<SettingKey, OriginJson>>;

export interface OriginJson {
  value: SettingValue;
  origin: SettingOrigin;
}

function toJson(shown: readonly ResolvedSetting[]): ConfigJson {
  return Object.fromEntries(shown.map(({ setting, value }) => [setting.key, outerValue(setting, value)]));
}

function toOriginsJson(shown: readonly ResolvedSetting[]): ConfigOriginsJson {
  return Object.fromEntries(
    shown.map(({ setting, value, origin }) => [setting.key, { value: outerValue(setting, value), origin }]),
  );
}

function toText({ setting, value, origin }: ResolvedSetting, isBare: boolean, withOrigin: boolean): string {
  const text = formatSettingValue(setting, value);
  return `${isBare ? text : `${setting.key} = ${text}`}${withOrigin ? ` (${origin})` : ""}`;
}

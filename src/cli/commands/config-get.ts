import type { ResolvedSetting } from "../../config/resolve.ts";
import { findSetting, formatSettingValue, outerValue } from "../../config/settings.ts";
import type { Invocation } from "../command.ts";
import { openForReading, readAllSettings, storeLocation } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";

/** `config get KEY`, bare; `config get`, `list` and `show`, all of them. */
export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const only = args[0] === undefined ? undefined : findSetting(args[0]);
  const settings = (await readSettings(invocation, io)).filter(
    ({ setting }) => only === undefined || setting === only,
  );
  const withOrigin = options.has("origin");
  if (options.has("json")) {
    writeJson(io, Object.fromEntries(settings.map((each) => [each.setting.key, toJson(each, withOrigin)])));
  } else {
    io.stdout.write(settings.map((each) => `${toText(each, only !== undefined, withOrigin)}\n`).join(""));
  }
  return DONE;
}

/** Where the store is does not come from the store, and has an order of its own: the location tells it. */
async function readSettings(invocation: Invocation, io: Io): Promise<ResolvedSetting[]> {
  await using store = await openForReading(invocation, io);
  const { path, origin } = storeLocation(invocation, io);
  return (await readAllSettings(store, invocation, io)).map((each) =>
    each.setting.key === "db-path" ? { ...each, value: path, origin } : each,
  );
}

function toJson({ setting, value, origin }: ResolvedSetting, withOrigin: boolean): unknown {
  return withOrigin ? { value: outerValue(setting, value), origin } : outerValue(setting, value);
}

function toText({ setting, value, origin }: ResolvedSetting, isBare: boolean, withOrigin: boolean): string {
  const text = formatSettingValue(setting, value);
  return `${isBare ? text : `${setting.key} = ${text}`}${withOrigin ? ` (${origin})` : ""}`;
}

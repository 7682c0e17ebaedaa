import { resolve } from "node:path";
import { readConfigFile, writeConfigFile } from "../../config/home.ts";
import { findSetting, formatSettingValue, outerValue, parseSettingValue } from "../../config/settings.ts";
import type { Invocation } from "../command.ts";
import { openForWriting } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const setting = findSetting(args[0] ?? "");
  const given = parseSettingValue(setting, args[1] ?? "");
  // Where the command is run must not decide what a relative path means later.
  const value = setting.type === "path" && typeof given === "string" ? resolve(io.cwd, given) : given;
  const text = formatSettingValue(setting, value);
  if (setting.key === "db-path") {
    writeConfigFile(io.env, { ...readConfigFile(io.env), [setting.key]: text });
  } else {
    await using store = await openForWriting(invocation, io);
    await store.writeSetting(setting.key, text);
  }
  if (options.has("json")) writeJson(io, { [setting.key]: outerValue(setting, value) });
  else if (!options.has("quiet")) io.stdout.write(`✅ Config updated: ${setting.key} = ${text}\n`);
  return DONE;
}

import {
  formatSettingValue,
  ruleOf,
  SETTINGS,
  type Setting,
  settingEnvName,
} from "../../src/config/settings.ts";
import { formatDuration } from "../../src/domain/duration.ts";
import { formatSize } from "../../src/domain/size.ts";
import { code, MADE_BY, page, table } from "./markdown.ts";

/** Every setting, from the table that also checks it. */
export function configReference(): string {
  return page(
    "# Settings",
    MADE_BY,
    table(
      ["setting", "default", ""],
      SETTINGS.map((setting) => [code(setting.key), defaultText(setting), setting.sentence]),
    ),
    "## Where a setting comes from",
    [
      "The first of these that is given holds:",
      "",
      "1. the option of `queuectl worker start` of the same name, for that worker",
      "2. the environment variable, for that command or worker",
      "3. `config.json` in the home, an object of texts",
      "4. the store: what `queuectl config set` has set, for all commands and workers of the store",
      "5. the default",
    ].join("\n"),
    "`queuectl config list --origin` says which one it was. A running worker takes up a change of the store by itself. " +
      "The home is `$QUEUECTL_HOME`, else `~/.queuectl`.",
    "## How values are written",
    "A duration is a number of seconds, or `250ms`, `30s`, `5m`, `2h`, `1d`; a size is a number of bytes, or `512KiB`, `10MiB`, `1GB`. " +
      "`config get` and JSON show durations in seconds and sizes in bytes. A key may be written with hyphens or underscores.",
    "## The settings one by one",
    ...SETTINGS.flatMap((setting) => [`### ${setting.key}`, describe(setting)]),
  );
}

function describe(setting: Setting): string {
  const { key, aliases, sentence, type, flagOf } = setting;
  const flag = flagOf === "worker" ? code(`queuectl worker start --${key}`) : undefined;
  const facts: [string, string | undefined][] = [
    ["What it is", sentence],
    ["Value", ruleOf(setting)],
    ["Default", defaultText(setting)],
    ["Also called", aliases.length === 0 ? undefined : aliases.map(code).join(", ")],
    [
      "Environment",
      type === "path"
        ? `${code("QUEUECTL_DB")}, ${code(settingEnvName(setting))}`
        : code(settingEnvName(setting)),
    ],
    ["Option", type === "path" ? `${code("--db")}, of every verb` : flag],
  ];
  return facts.flatMap(([name, text]) => (text === undefined ? [] : [`- ${name}: ${text}`])).join("\n");
}

function defaultText(setting: Setting): string {
  if (setting.type === "path") return `${code("queue.db")} in the home`;
  const { type, default: initial } = setting;
  if (initial === null) return "none";
  if (type === "size") return formatSize(initial);
  return type === "duration" || type === "optionalDuration"
    ? formatDuration(initial)
    : formatSettingValue(setting, initial);
}

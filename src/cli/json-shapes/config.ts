import { SETTINGS, type Setting } from "../../config/settings.ts";
import type { OriginJson } from "../commands/config-get.ts";
import type { Field, FieldType, Shape, ShapeOf } from "./shape.ts";

/** How a setting's value is shown outside. */
const OUTER_TYPES: Readonly<Record<Setting["type"], FieldType>> = {
  count: "whole number",
  number: "number",
  duration: "seconds",
  optionalDuration: "seconds",
  size: "bytes",
  path: "text",
};

/** Made from the table of settings, like the answer itself. */
export const CONFIG: Shape = {
  sentence: "Settings by key: those that were asked for, or the one that was set.",
  fields: bySetting(({ type, sentence }) => ({
    type: OUTER_TYPES[type],
    ...(type === "optionalDuration" ? { nullable: true } : {}),
    optional: true,
    sentence,
  })),
};

export const CONFIG_ORIGINS: Shape = {
  sentence: "The same with `--origin`.",
  fields: bySetting(({ sentence }) => ({ type: "object", of: "origin", optional: true, sentence })),
};

export const ORIGIN: ShapeOf<OriginJson> = {
  sentence: "A setting's value and where it comes from.",
  fields: {
    value: { type: "value", nullable: true, sentence: "as without `--origin`" },
    origin: {
      type: "text",
      values: {
        flag: "an option of this command line",
        env: "an environment variable",
        file: "config.json in the home",
        store: "set with `config set`",
        default: "nobody has set it",
      },
      sentence: "whose word it is",
    },
  },
};

function bySetting(describe: (setting: Setting) => Field): Record<string, Field> {
  return Object.fromEntries(SETTINGS.map((setting) => [setting.key, describe(setting)]));
}

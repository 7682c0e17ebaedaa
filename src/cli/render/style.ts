import { styleText } from "node:util";
import type { JobState } from "../../domain/job.ts";
import type { Options } from "../command.ts";
import type { Io } from "../io.ts";

export type Format = Parameters<typeof styleText>[0];

/** Colours a text, or leaves it as it is. */
export type Paint = (format: Format, text: string) => string;

/** Colours on a terminal only, unless FORCE_COLOR; NO_COLOR, TERM=dumb and --no-color are respected (no-color.org). */
export function painter(io: Io, options: Options): Paint {
  return wantsColour(io, options)
    ? (format, text) => styleText(format, text, { validateStream: false })
    : (_, text) => text;
}

function wantsColour({ env, stdout }: Io, options: Options): boolean {
  if (options.has("no-color") || env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"] !== undefined) return env["FORCE_COLOR"] !== "0";
  return stdout.isTerminal && env["TERM"] !== "dumb";
}

export const STATE_COLOURS: Readonly<Record<JobState, Format>> = {
  pending: "cyan",
  blocked: "gray",
  processing: "blue",
  completed: "green",
  failed: "yellow",
  dead: "red",
  cancelled: "gray",
};

import { QueuectlError } from "../../domain/errors.ts";
import { toKeyJson } from "../../queue/key-json.ts";
import { setKey } from "../../queue/keys.ts";
import { readCount } from "../arguments.ts";
import type { Invocation, Options } from "../command.ts";
import { openForWriting } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { writeJson } from "../render/json.ts";
import { visible } from "../render/visible.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const { args, options } = invocation;
  const name = args[0] ?? "";
  const limit = readLimit(options, name);
  await using store = await openForWriting(invocation, io);
  const key = await setKey(store, name, limit);
  if (options.has("json")) writeJson(io, [toKeyJson(key, Date.now())]);
  else if (!options.has("quiet")) {
    const { maxRunning } = key.gate;
    const atOnce = maxRunning === null ? "has no limit" : `runs at most ${maxRunning} at once`;
    io.stdout.write(`✅ Key ${visible(name)} ${atOnce}.\n`);
  }
  return DONE;
}

function readLimit(options: Options, name: string): number | null {
  if (options.text("limit") === "none") return null;
  const limit = readCount(options, "limit", { min: 1, max: Number.MAX_SAFE_INTEGER });
  if (limit !== undefined) return limit;
  throw new QueuectlError("invalid_usage", `Nothing was given to be set of the key ${JSON.stringify(name)}`, {
    hint: "Give --limit N; none takes the limit away.",
  });
}

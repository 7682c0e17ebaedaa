import { QueuectlError } from "../../domain/errors.ts";
import { formatRate } from "../../domain/rate.ts";
import { type QueueSettings, setQueue } from "../../queue/queues.ts";
import type { QueueRecord } from "../../store/store.ts";
import type { Invocation, Options } from "../command.ts";
import { openForWriting } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { hintAtUnknown, showQueues } from "../show-queues.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const name = invocation.args[0] ?? "";
  const settings = readSettings(invocation.options, name);
  await using store = await openForWriting(invocation, io);
  await setQueue(store, name, settings);
  await showQueues(store, [name], describe, invocation, io);
  await hintAtUnknown(store, [name], invocation, io);
  return DONE;
}

function readSettings(options: Options, name: string): QueueSettings {
  const [concurrency, rate] = [options.text("concurrency"), options.text("rate")];
  if (concurrency === undefined && rate === undefined)
    throw new QueuectlError("invalid_usage", `Nothing was given to be set of the queue "${name}"`, {
      hint: "Give --concurrency N, --rate 100/min, or both; none takes a limit away.",
    });
  return {
    concurrency: concurrency === "none" ? null : numberOrText(concurrency),
    rate: rate === "none" ? null : rate,
  };
}

/** What is no number stays text, and is refused as such. */
function numberOrText(text: string | undefined): unknown {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : text;
}

function describe({ gate }: QueueRecord): string {
  const { maxRunning, rate } = gate;
  const atOnce = maxRunning === null ? "runs any number at once" : `runs at most ${maxRunning} at once`;
  return `${atOnce}${rate === null ? "" : `, and starts at most ${formatRate(rate)}`}`;
}

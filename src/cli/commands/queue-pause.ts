import { pauseQueues } from "../../queue/queues.ts";
import type { Invocation } from "../command.ts";
import { openForWriting } from "../context.ts";
import { DONE } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { hintAtUnknown, showQueues } from "../show-queues.ts";

export async function run(invocation: Invocation, io: Io): Promise<number> {
  const names = [...new Set(invocation.args)];
  await using store = await openForWriting(invocation, io);
  await pauseQueues(store, names);
  const runOn = (running: number) =>
    running === 0 ? "" : `; ${running} of it still ${running === 1 ? "runs" : "run"}`;
  await showQueues(store, names, ({ counts }) => `is paused${runOn(counts.processing)}`, invocation, io);
  await hintAtUnknown(store, names, invocation, io);
  return DONE;
}

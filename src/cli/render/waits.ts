import { judgeGate } from "../../domain/gate.ts";
import type { JobState } from "../../domain/job.ts";
import { waitingIn } from "../../queue/queues.ts";
import type { QueueRecord } from "../../store/store.ts";
import { type Look, queueTable } from "./queue.ts";
import { foldLines } from "./wrap.ts";

/** Nobody needs to know it more exactly, and each is counted. */
export const MOST_BEHIND_KEYS = 10_000;

/** What a summary has room for. */
const MOST_QUEUES = 8;

/** What waits for what, as far as kept counters tell it; and the queues that have to do with it. */
export function waitsText(
  seen: {
    counts: Readonly<Record<JobState, number>>;
    queues: readonly QueueRecord[];
    isHeldBack: boolean;
    /** Names of queues that no running worker serves, though some run. */
    unserved: readonly string[];
    behindKeys: number;
  },
  look: Look,
): string {
  const reasons = reasonsText(seen, look.now);
  const waits = reasons === "" ? "" : foldLines(`Held back: ${reasons}\n`, look.width);
  return `${waits}${queuesText(seen.queues, look)}`;
}

function reasonsText(
  { counts, queues, isHeldBack, unserved, behindKeys }: Parameters<typeof waitsText>[0],
  now: number,
): string {
  const behind = { paused: 0, full: 0, pace: 0, nobody: 0 };
  for (const { gate, counts: own } of queues) {
    const cause = judgeGate(gate, now)?.kind ?? (unserved.includes(gate.name) ? "nobody" : null);
    if (cause) behind[cause] += own.pending + own.failed;
  }
  const reasons = [
    ...(counts.blocked > 0 ? [`${counts.blocked} wait for other jobs`] : []),
    ...(behind.paused > 0 ? [`${behind.paused} in paused queues`] : []),
    ...(behind.full > 0 ? [`${behind.full} in full queues`] : []),
    ...(behind.pace > 0 ? [`${behind.pace} behind a rate`] : []),
    ...(behind.nobody > 0 ? [`${behind.nobody} in queues that no running worker serves`] : []),
    ...(behindKeys > 0
      ? [`${behindKeys}${behindKeys < MOST_BEHIND_KEYS ? "" : " or more"} behind a key`]
      : []),
    // Jobs that wait for their group are not counted: only that there are some is known.
    ...(isHeldBack && behind.full + behind.pace + behindKeys === 0 ? ["some behind a group"] : []),
  ];
  return reasons.join(", ");
}

/** Those of which something is set, or in which jobs wait; none, where one queue without limits is all there is. */
function queuesText(queues: readonly QueueRecord[], look: Look): string {
  const shown = queues.filter((queue) => isSet(queue) || waitingIn(queue.counts) > 0);
  if (!shown.some(isSet) && shown.length < 2) return "";
  const order = shown.toSorted(
    (a, b) => Number(isSet(b)) - Number(isSet(a)) || waitingIn(b.counts) - waitingIn(a.counts),
  );
  const left = order.length - MOST_QUEUES;
  const more = left > 0 ? `and ${left} more: queuectl queue list\n` : "";
  return `\n${queueTable(order.slice(0, MOST_QUEUES), look)}${more}`;
}

function isSet({ gate }: QueueRecord): boolean {
  return gate.state !== "open" || gate.maxRunning !== null || gate.rate !== null;
}

import type { GateScope } from "../../domain/gate.ts";
import type { ClaimRequest } from "../store.ts";
import type { Database } from "./database.ts";
import type { Gatekeeper } from "./gates.ts";
import { LaneReader, LOOKS_AT_MOST, type Walk } from "./lane-reader.ts";
import { keyOf, type Lane, nextLevel, pageFor, sendBack } from "./lanes.ts";
import type { Row } from "./rows.ts";
import { openStirredGates } from "./stirred-gates.ts";

/** So often one claim looks again at gates that have stirred under its hands. */
const ROUNDS_AT_MOST = 500;

export interface Picked {
  rows: Row[];
  /** Fewer were picked than asked for, but there is more to look at than one claim looks at. */
  mustLookAgain: boolean;
}

/**
 * Picks due jobs in the order of claiming, of which nothing is claimed yet. Lanes of one priority have one job each by
 * turns, the one that was served longest ago first. A lane in which nothing is to be had goes to sleep on the way, and a job
 * before a closed gate is parked; both are seen again only when that may have changed, which is what keeps a claim's cost
 * the same with a thousand full queues and a million waiting jobs.
 */
export function pickDueJobs(db: Database, keeper: Gatekeeper, { queues, limit, now }: ClaimRequest): Picked {
  const rows: Row[] = [];
  const walk: Walk = {
    db,
    keeper,
    now,
    looksLeft: LOOKS_AT_MOST,
    hasStirred: false,
    taken: new Set(),
    served: new Map(),
    crowded: new Map(),
  };
  let below = Number.MAX_SAFE_INTEGER;
  for (let rounds = 0; rows.length < limit && walk.looksLeft > 0; ) {
    const level = nextLevel(db, { queues, below, page: pageFor(limit) });
    if (level !== null) {
      takeTurns(walk, level.lanes, { rows, limit });
      below = level.priority;
    }
    if (level !== null && !walk.hasStirred) continue;
    walk.hasStirred = false;
    // Who is let go now may come before all that are left: from the highest priority again.
    const isOpened = rounds < ROUNDS_AT_MOST && openStirredGates(db, keeper);
    rounds += 1;
    if (isOpened) below = Number.MAX_SAFE_INTEGER;
    else if (level === null) break;
  }
  sendBack(db, walk.crowded.values());
  const isSpent = walk.crowded.size > 0 || walk.looksLeft <= 0;
  return { rows, mustLookAgain: rows.length < limit && (isSpent || isStirred(db, keeper)) };
}

/** One job from each lane, then a second from each, and so on; those that had one in an earlier round come after the others. */
function takeTurns(walk: Walk, fresh: Iterator<Lane>, { rows, limit }: { rows: Row[]; limit: number }): void {
  const again: { servedAt: number; reader: LaneReader }[] = [];
  const served: LaneReader[] = [];
  while (rows.length < limit && walk.looksLeft > 0) {
    const lane = fresh.next();
    const servedAt = lane.done ? undefined : walk.served.get(keyOf(lane.value));
    if (!lane.done && servedAt !== undefined) {
      again.push({ servedAt, reader: new LaneReader(walk, lane.value) });
      continue;
    }
    if (lane.done && again.length > 0)
      served.unshift(
        ...again
          .splice(0)
          .sort((a, b) => a.servedAt - b.servedAt)
          .map(({ reader }) => reader),
      );
    const reader = lane.done ? served.shift() : new LaneReader(walk, lane.value);
    if (reader === undefined) return;
    const row = reader.next(limit - rows.length);
    if (row === null) continue;
    rows.push(row);
    walk.taken.add(row["seq"] as number);
    walk.served.set(reader.key, rows.length);
    served.push(reader);
  }
}

/** True when a gate with room has been left stirred: more is parked there than is let go at once. */
function isStirred(db: Database, keeper: Gatekeeper): boolean {
  const gates = db
    .prepare("SELECT scope, name FROM gates INDEXED BY gates_stirred WHERE stirred = 1")
    .all() as unknown as { scope: GateScope; name: string }[];
  return gates.some(({ scope, name }) => keeper.judge(scope, name) === null);
}

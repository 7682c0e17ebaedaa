import {
  type DependantMove,
  decideDependant,
  judgeDependency,
  type StandingDependency,
} from "../../src/domain/dependency.ts";
import { enoughFailed } from "../../src/domain/group.ts";
import { isFinished } from "../../src/domain/job.ts";
import { isWaiting, type MemoryTruth, move, type StoredJob } from "./memory-truth.ts";

/**
 * What follows from moves, for those who depend on the moved and for groups in which too many failed; and what follows
 * from that, until nothing does.
 */
export function settle(truth: MemoryTruth, now: number): void {
  settleAll(truth, now);
  // Whoever comes new comes before the one that was served last.
  for (const job of truth.jobs)
    if (isWaiting(job) && !truth.turns.has(laneOf(job))) truth.turns.set(laneOf(job), truth.lastToken - 1);
}

/** What takes turns: the jobs of one queue and one priority. */
export function laneOf({ queue, priority }: Pick<StoredJob, "queue" | "priority">): string {
  return `${queue} ${priority}`;
}

function settleAll(truth: MemoryTruth, now: number): void {
  giveUp(truth, now);
  while (truth.unsettled.size > 0) {
    const moved = truth.jobs.filter(({ seq }) => truth.unsettled.has(seq));
    truth.unsettled.clear();
    const states = new Map(moved.map(({ seq, state }) => [seq, state]));
    const about = Map.groupBy(
      truth.conditions.filter(({ on }) => states.has(on)),
      ({ job }) => job,
    );
    for (const job of truth.jobs) {
      const judgements = (about.get(job.seq) ?? []).map(({ on, condition }) =>
        judgeDependency(condition, states.get(on) ?? "pending"),
      );
      // Who died of a dependency comes back with one that was brought back, and by nothing that ends elsewhere.
      if (job.state === "dead" ? judgements.includes("waiting") : judgements.length > 0)
        moveDependant(truth, job, now);
    }
    giveUp(truth, now);
  }
}

/** Where a job belongs by all its conditions, as the others stand now. */
export function decideMove(truth: MemoryTruth, { seq }: StoredJob): DependantMove {
  return decideDependant(standingOf(truth, seq));
}

/** The conditions of a job, in the order of arrival of the jobs that they are about, then by name. */
export function standingOf(truth: MemoryTruth, seq: number): StandingDependency[] {
  const own = truth.conditions
    .filter(({ job }) => job === seq)
    .sort((a, b) => (a.condition < b.condition ? -1 : 1));
  return truth.jobs.flatMap((on) =>
    own
      .filter((condition) => condition.on === on.seq)
      .map(({ condition }) => ({ on: on.id, condition, state: on.state })),
  );
}

/** Only who waits can be released or lost; and who died of a dependency comes back once it no longer would. */
export function moveDependant(truth: MemoryTruth, job: StoredJob, now: number): void {
  const isDeadOfIt = job.state === "dead" && job.reason === "dependency";
  if (job.state !== "blocked" && !isDeadOfIt) return;
  const { to, ...fields } = decideMove(truth, job);
  const isRevived = to === "pending" || to === "blocked";
  if (to === job.state || (isDeadOfIt && (!isRevived || unfinishedNamesake(truth, job)))) return;
  move(truth, job, to);
  Object.assign(job, { reason: null, error: null, ...fields, updatedAt: now });
  if (isDeadOfIt) job.expiresAt = null;
}

/** Another job of the same unique name that is not finished. */
export function unfinishedNamesake(
  truth: MemoryTruth,
  { seq, unique }: Pick<StoredJob, "seq" | "unique">,
): StoredJob | undefined {
  return truth.jobs.find(
    (other) => unique !== null && other.unique === unique && other.seq !== seq && !isFinished(other.state),
  );
}

/** Once so many jobs of a group have died, the others that wait are cancelled. */
function giveUp(truth: MemoryTruth, now: number): void {
  for (const { id, maxFails } of truth.groups) {
    if (maxFails === null || (truth.fails.get(id) ?? 0) < maxFails) continue;
    for (const job of truth.jobs.filter((member) => member.group?.id === id && isUnstarted(member))) {
      move(truth, job, "cancelled");
      Object.assign(job, { error: enoughFailed({ id, maxFails }), updatedAt: now });
    }
  }
}

/** Neither runs nor has ended. */
function isUnstarted({ state }: StoredJob): boolean {
  return state === "pending" || state === "blocked" || state === "failed";
}

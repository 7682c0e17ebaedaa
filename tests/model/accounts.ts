import type { Claim, FinishedExecution } from "../../src/store/store.ts";
import { must } from "./standing.ts";
import { CRASH_LIMIT } from "./step.ts";
import { ENDED, heldBy, isCurrent, isToBeCancelled, type Truth } from "./truth.ts";

/** What was done to the store, and what it answered. */
export type Deed =
  | { do: "nothing" | "refused" }
  | { do: "enqueue" | "cancel" | "retry" | "retryDead" | "removeDead"; ids: string[] }
  | {
      do: "finish";
      worker: string;
      results: readonly FinishedExecution[];
      stale: readonly number[];
      claims: readonly Claim[];
      now: number;
    }
  | { do: "beat"; worker: string; known: boolean }
  | { do: "declare"; worker: string; isDead: boolean }
  | { do: "recover"; worker: string | null };

/** Whose state a deed may change. */
export function meantBy(deed: Deed, before: Truth): string[] {
  switch (deed.do) {
    case "cancel":
    case "retry":
    case "retryDead":
    case "removeDead":
      return deed.ids;
    case "finish": {
      const current = deed.results.filter(({ claim }) => isCurrent(claim, deed.worker, before));
      const claimed = deed.claims.map(({ job }) => job.id);
      const expired = [...before.jobs.values()].filter(
        ({ expires_at, executions }) => executions === 0 && expires_at !== null && expires_at <= deed.now,
      );
      return [...current.map(({ claim }) => claim.job.id), ...claimed, ...expired.map(({ id }) => id)];
    }
    case "recover":
      return heldBy(deed.worker, before).map(({ id }) => id);
    default:
      return [];
  }
}

/** These jobs, those that depend on them and those whose group has a rule, and theirs. */
export function withConsequences(ids: readonly string[], truth: Truth): ReadonlySet<string> {
  const found = new Set(ids);
  const ruled = new Set(truth.groups.filter(({ max_fails }) => max_fails !== null).map(({ id }) => id));
  for (const id of found) {
    const job = truth.jobs.get(id);
    if (!job) continue;
    for (const other of truth.jobs.values()) {
      const isOfRuledGroup = other.group_id === job.group_id && ruled.has(job.group_id ?? "");
      const isDependant = truth.dependencies.get(other.seq)?.some(({ on }) => on === job) ?? false;
      if (isOfRuledGroup || isDependant) found.add(other.id);
    }
  }
  return found;
}

/** What is kept besides, to judge the store by: the simplest account of each job that could be given. */
interface Account {
  /** Failures up to this token are forgiven: it was brought back since. */
  forgivenUpTo: number;
  /** Losses alone, in a row; null when it is no suspect. */
  crashes: number | null;
}

const FAILURES: ReadonlySet<string | null> = new Set(["failed", "signalled", "timed_out", "spawn_failed"]);

/** What the store is judged by besides its own tables. */
export class Accounts {
  readonly #accounts = new Map<string, Account>();
  readonly acknowledged: Set<string> = new Set<string>();
  /** The newest token that was ever given. */
  lastToken = 0;

  /** To be told of each deed, with the tables as they stood before it. */
  keep(deed: Deed, before: Truth, bootId: string): void {
    switch (deed.do) {
      case "enqueue":
        for (const id of deed.ids) {
          this.acknowledged.add(id);
          this.#accounts.set(id, { forgivenUpTo: 0, crashes: null });
        }
        return;
      case "removeDead":
        for (const id of deed.ids) this.acknowledged.delete(id);
        return;
      case "retry":
      case "retryDead":
        for (const id of deed.ids)
          if (before.jobs.get(id)?.state !== "failed") this.#account(id).forgivenUpTo = this.lastToken;
        return;
      case "finish":
        for (const { claim } of deed.results)
          if (isCurrent(claim, deed.worker, before)) this.#account(claim.job.id).crashes = null;
        return;
      case "recover":
        this.#keepLosses(deed.worker, before, bootId);
    }
  }

  #keepLosses(worker: string | null, before: Truth, bootId: string): void {
    const boot = before.workers.get(worker ?? "")?.boot_id;
    const lost = heldBy(worker, before);
    if (boot !== bootId) return;
    for (const job of lost) {
      const account = this.#account(job.id);
      if (isToBeCancelled(job, before)) continue;
      account.crashes = (account.crashes ?? 0) + (lost.length === 1 ? 1 : 0);
      if (account.crashes >= CRASH_LIMIT) account.crashes = 0;
    }
  }

  #account(id: string): Account {
    const account = this.#accounts.get(id);
    if (!account) throw new Error(`${id} was never enqueued`);
    return account;
  }

  /** The budgets of failures and crashes are what the history says. */
  check(after: Truth): void {
    const histories = Map.groupBy(after.executions.values(), ({ job }) => job);
    for (const job of after.jobs.values()) {
      const { forgivenUpTo, crashes } = this.#account(job.id);
      const failures = (histories.get(job.seq) ?? []).filter(
        ({ token, outcome, cancel_requested_at }) =>
          token > forgivenUpTo && FAILURES.has(outcome) && cancel_requested_at === null,
      );
      must(
        job.attempts === failures.length,
        `${job.id} shows ${job.attempts} of ${failures.length} failures`,
      );
      must(job.suspicion === crashes, `${job.id} has ${job.suspicion} crashes instead of ${crashes}`);
      const isSpent = job.attempts > job.max_retries;
      must(
        (job.reason === "retries_spent") === (isSpent && job.state === "dead"),
        `${job.id} is dead of ${job.reason}`,
      );
      must(!isSpent || ENDED.has(job.state), `${job.id} is ${job.state} with its retries spent`);
      must((job.state === "dead") === (job.reason !== null), `${job.id} is ${job.state} for ${job.reason}`);
    }
  }
}

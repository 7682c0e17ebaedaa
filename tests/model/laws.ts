import type { JobState } from "../../src/domain/job.ts";
import { canMove } from "../../src/domain/transition.ts";
import type { TestTime } from "../support/test-time.ts";
import { Accounts, type Deed, meantBy, withConsequences } from "./accounts.ts";
import { GateLaws } from "./gate-laws.ts";
import { checkStanding, must } from "./standing.ts";
import { ENDED, type ExecutionRow, isAlive, isCurrent, type Truth } from "./truth.ts";

/**
 * What must hold whatever happens, said of the tables before and after each deed. Nothing here decides what a store should
 * do; it says what it must not do: lose a job, let a claim be overtaken, write an end twice, touch what is not its own.
 */
export class Laws {
  readonly #read: () => Truth;
  readonly #time: TestTime;
  #before: Truth;
  readonly #accounts = new Accounts();
  readonly #gates = new GateLaws();
  readonly #dead = new Set<string>();

  constructor(read: () => Truth, time: TestTime) {
    this.#read = read;
    this.#time = time;
    this.#before = read();
  }

  /** Ids of jobs in one of these states, by their place. */
  pick(places: readonly number[], states: readonly JobState[]): string[] {
    const jobs = [...this.#before.jobs.values()].filter(({ state }) => states.includes(state));
    return jobs.length === 0 ? [] : places.map((place) => jobs[place % jobs.length]?.id ?? "");
  }

  check(deed: Deed): void {
    const before = this.#before;
    const after = this.#read();
    this.#accounts.keep(deed, before, this.#time.bootId);
    this.#checkNothingLost(after);
    this.#checkUntouched(deed, before, after);
    this.#checkMoves(deed, before, after);
    this.#checkExecutions(before, after);
    if (deed.do === "finish") {
      this.#checkHandedOut(deed, before, after);
      this.#checkResults(deed, before, after);
    }
    this.#checkDead(deed, before, after);
    this.#accounts.check(after);
    this.#gates.check(deed, before, after);
    checkStanding(after);
    this.#before = after;
  }

  /** When everybody has done what there was to do. */
  checkRest(): void {
    for (const { id, state } of this.#before.jobs.values())
      must(ENDED.has(state), `${id} is ${state} although nothing is left to do`);
  }

  #checkNothingLost(after: Truth): void {
    for (const id of this.#accounts.acknowledged)
      must(after.jobs.has(id), `${id} was acknowledged and is gone`);
    must(
      after.jobs.size === this.#accounts.acknowledged.size,
      "there is a job that nobody enqueued, or that was removed",
    );
  }

  /** Whoever is not meant, and does not suffer by those who are, is not touched. */
  #checkUntouched(deed: Deed, before: Truth, after: Truth): void {
    const meant = withConsequences(meantBy(deed, before), after);
    for (const [id, job] of before.jobs) {
      const now = after.jobs.get(id);
      if (!meant.has(id)) must(isSame(job, now), `${id} was changed by a ${deed.do} that was not about it`);
    }
  }

  /** States only move as the state machine knows, and an end is left only by a person's wish. */
  #checkMoves(deed: Deed, before: Truth, after: Truth): void {
    const isBringingBack = deed.do === "retry" || deed.do === "retryDead";
    for (const [id, { state: from }] of before.jobs) {
      const to = after.jobs.get(id)?.state ?? from;
      if (from === to) continue;
      must(!ENDED.has(from) || isBringingBack, `${id} went from ${from} to ${to} by a ${deed.do}`);
      // A finish may give back and claim anew in one step.
      const isOneStep = canMove(from, to);
      must(isOneStep || (deed.do === "finish" && to === "processing"), `${id} went from ${from} to ${to}`);
    }
  }

  /** Tokens only grow; an end is written once, and so is what came too late. */
  #checkExecutions(before: Truth, after: Truth): void {
    for (const [token, execution] of before.executions) {
      const now = after.executions.get(token);
      if (!now) continue;
      const { late_outcome, late_at, ...rest } = execution;
      if (execution.outcome !== null) must(isSame(rest, now), `execution ${token} ended twice`);
      if (late_outcome !== null)
        must(
          late_at === now.late_at && late_outcome === now.late_outcome,
          `execution ${token} was late twice`,
        );
      if (execution.outcome === null && now.outcome !== null) this.#checkEnd(now, after);
    }
    for (const token of after.executions.keys()) {
      if (before.executions.has(token)) continue;
      must(
        token > this.#accounts.lastToken,
        `the token ${token} was given after ${this.#accounts.lastToken}`,
      );
      this.#accounts.lastToken = token;
    }
  }

  /** What was to be cancelled is not run again. */
  #checkEnd(execution: ExecutionRow, after: Truth): void {
    const job = [...after.jobs.values()].find(({ seq }) => seq === execution.job);
    if (!job || execution.cancel_requested_at === null) return;
    must(
      job.state === "cancelled" || job.state === "completed",
      `${job.id} was to be cancelled, and is ${job.state}`,
    );
  }

  /** What is handed out was free and due. */
  #checkHandedOut(deed: Extract<Deed, { do: "finish" }>, before: Truth, after: Truth): void {
    for (const { token, job } of deed.claims) {
      const was = before.jobs.get(job.id);
      must(
        after.jobs.get(job.id)?.claim === token,
        `${job.id} was handed out under a token that is not its own`,
      );
      const isGivenBack = deed.results.some(({ claim }) => claim.job.id === job.id);
      // One that was blocked was let go in this very deed: whether it may is another law.
      const isFree = ["pending", "failed", "blocked"].includes(was?.state ?? "");
      must(
        isGivenBack || (isFree && (was?.due_at ?? 0) <= deed.now),
        `${job.id} was claimed while it was ${was?.state}`,
      );
    }
  }

  /** A result counts only with the newest token; then it does count, whatever it was. */
  #checkResults(deed: Extract<Deed, { do: "finish" }>, before: Truth, after: Truth): void {
    for (const { claim, outcome } of deed.results) {
      const counts = isCurrent(claim, deed.worker, before);
      must(
        deed.stale.includes(claim.token) !== counts,
        `the result of token ${claim.token} was ${counts ? "refused" : "accepted"}`,
      );
      if (counts)
        must(
          after.executions.get(claim.token)?.outcome === outcome.kind,
          `the result of token ${claim.token} was not recorded`,
        );
    }
  }

  /** Who was declared dead stays dead: it beats in vain, and holds nothing that it did not hold. */
  #checkDead(deed: Deed, before: Truth, after: Truth): void {
    if (deed.do === "declare" && deed.isDead) this.#dead.add(deed.worker);
    if (deed.do === "beat")
      must(deed.known === isAlive(deed.worker, before), `${deed.worker} was dead, and its heart beats`);
    for (const id of this.#dead) {
      must(!isAlive(id, after), `${id} was declared dead, and lives`);
      const held = [...after.jobs.values()].filter(({ worker }) => worker === id);
      for (const job of held)
        must(before.jobs.get(job.id)?.claim === job.claim, `${id} was declared dead, and claimed ${job.id}`);
    }
  }
}

/** Alike in every column that the first one has. */
function isSame(a: object, b: object | undefined): boolean {
  const other = b as Record<string, unknown> | undefined;
  return other !== undefined && Object.entries(a).every(([column, value]) => value === other[column]);
}

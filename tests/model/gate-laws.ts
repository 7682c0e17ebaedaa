import type { Deed } from "./accounts.ts";
import { must } from "./standing.ts";
import { ENDED, isBehind, type JobRow, judgementsOf, type Truth } from "./truth.ts";

/**
 * What gates, dependencies and expiry promise, said of the tables before and after each deed: never one too many, never too
 * many in a while, never before its time, never after it.
 */
export class GateLaws {
  /** By queue: when jobs were started under the rate that it has. */
  readonly #starts = new Map<string, number[]>();

  check(deed: Deed, before: Truth, after: Truth): void {
    this.#forgetOldRates(before, after);
    checkReady(before, after);
    checkMaxFails(before, after);
    if (deed.do !== "finish") return;
    const started = deed.claims.flatMap(({ job }) => after.jobs.get(job.id) ?? []);
    checkCaps(started, after);
    checkOpen(started, after);
    checkExpiry(started, after, deed.now);
    this.#checkRates(started, after, deed.now);
  }

  #forgetOldRates(before: Truth, after: Truth): void {
    for (const { scope, name, rate_starts, rate_period_ms } of after.gates) {
      const was = before.gates.find((gate) => gate.scope === scope && gate.name === name);
      const isSame = was?.rate_starts === rate_starts && was.rate_period_ms === rate_period_ms;
      if (scope === "queue" && !isSame) this.#starts.delete(name);
    }
  }

  /** Whatever span of a period one looks at, so many have started in it and no more. */
  #checkRates(started: readonly JobRow[], { gates }: Truth, now: number): void {
    for (const { queue } of started) this.#starts.set(queue, [...(this.#starts.get(queue) ?? []), now]);
    for (const { scope, name, rate_starts, rate_period_ms } of gates) {
      if (scope !== "queue" || rate_starts === null || rate_period_ms === null) continue;
      const recent = (this.#starts.get(name) ?? []).filter((at) => at > now - rate_period_ms);
      must(recent.length <= rate_starts, `${recent.length} jobs of ${name} started within a period`);
    }
  }
}

/** Nobody makes one too many run; where there are too many, it is because the cap was lowered. */
function checkCaps(started: readonly JobRow[], { jobs, gates }: Truth): void {
  for (const gate of gates) {
    if (gate.max_running === null || !started.some((job) => isBehind(gate, job))) continue;
    const running = [...jobs.values()].filter((job) => job.state === "processing" && isBehind(gate, job));
    must(
      running.length <= gate.max_running,
      `${running.length} jobs run behind ${gate.name}, which lets ${gate.max_running} through`,
    );
  }
}

function checkOpen(started: readonly JobRow[], { gates }: Truth): void {
  for (const gate of gates)
    if (gate.state === "paused")
      for (const job of started)
        must(!isBehind(gate, job), `${job.id} was started in ${gate.name}, which is paused`);
}

/** A job gets ready to run, or runs, only with everything that it waits for. */
function checkReady(before: Truth, after: Truth): void {
  const isReady = (job: JobRow | undefined) => job && job.state !== "blocked" && !ENDED.has(job.state);
  for (const job of after.jobs.values()) {
    if (!isReady(job) || isReady(before.jobs.get(job.id))) continue;
    must(
      judgementsOf(job, after).every((judgement) => judgement === "met"),
      `${job.id} is ${job.state} before what it waits for`,
    );
  }
}

/** When a claim has looked, nothing is left that was to be started by now. */
function checkExpiry(started: readonly JobRow[], { jobs }: Truth, now: number): void {
  const isLate = ({ expires_at }: JobRow) => expires_at !== null && expires_at <= now;
  for (const job of started)
    must(job.executions > 1 || !isLate(job), `${job.id} was started after it had expired`);
  for (const job of jobs.values())
    must(job.reason !== "expired" || job.executions === 0, `${job.id} has expired, and was started`);
}

/** The last failure that a group bears leaves none of its jobs waiting; whoever is brought back gives it all of them again. */
function checkMaxFails(before: Truth, after: Truth): void {
  for (const { id, max_fails, fails } of after.groups) {
    if (max_fails === null) continue;
    const members = [...after.jobs.values()].filter((job) => job.group_id === id);
    const was = (job: JobRow) => before.jobs.get(job.id)?.state ?? "pending";
    const died = members.filter((job) => job.state === "dead" && was(job) !== "dead").length;
    const isBroughtBack = members.some((job) => ENDED.has(was(job)) && !ENDED.has(job.state));
    const known = isBroughtBack ? 0 : (before.groups.find((group) => group.id === id)?.fails ?? 0);
    must(fails === known + died, `${fails} failures are counted of ${id}, in which ${known + died} died`);
    if (fails < max_fails) continue;
    for (const job of members)
      must(
        ENDED.has(job.state) || job.state === "processing",
        `${job.id} waits, although its group has failed`,
      );
  }
}

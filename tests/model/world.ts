import { QueuectlError } from "../../src/domain/errors.ts";
import type { NewGroup } from "../../src/domain/group.ts";
import { JOB_STATES, type NewJob } from "../../src/domain/job.ts";
import { isWorkerDead } from "../../src/domain/lease.ts";
import { decideAfterRun } from "../../src/domain/outcome.ts";
import { CHANGEABLE } from "../../src/domain/refuse-change.ts";
import type { Clock } from "../../src/store/sqlite/clock.ts";
import { Database, IN_MEMORY } from "../../src/store/sqlite/database.ts";
import { migrate } from "../../src/store/sqlite/migrate.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Claim, ClaimBatch, FinishedExecution, Store } from "../../src/store/store.ts";
import { buildGroup, buildJob, buildResult, buildWorker } from "../support/build-job.ts";
import { TestTime } from "../support/test-time.ts";
import { checkHandedOutAsSaid, checkLeftAsSaid, explainAll } from "./explain-laws.ts";
import { Laws } from "./laws.ts";
import { ACTORS, CRASH_LIMIT, type NewJobStep, QUEUES, type Step } from "./step.ts";
import { readTruth } from "./truth.ts";

/**
 * Workers without processes over the real store. Each step is one call of the contract, and so one transaction: any order
 * of steps is an order in which real processes may meet. What a real worker does in several calls (look, declare dead, take
 * back) is several steps here, with anything in between; what it knows meanwhile may be old. Time, ids and randomness are
 * the world's own, so that a course always goes the same way.
 */

const LEASE_MS = 15_000;
const BACKOFF = { base: 2, maxMs: 60_000, jitter: 0 };

/** A worker's process: what it is, and what it believes. */
interface Actor {
  id: string;
  /** False when there is no such process. */
  isUp: boolean;
  /** As by SIGSTOP: it does nothing, and believes what it believed. */
  isPaused: boolean;
  bootId: string;
  claims: Claim[];
  /** The workers that it saw to be dead, and their heartbeats then. */
  verdicts: { worker: string; heartbeats: number; isDeclared: boolean }[];
  /** The workers whose jobs it is about to take back. */
  declared: string[];
}

/** A fault that a store may have: what stands between the world and the real one. */
export type Fault = (store: Store, db: Database) => Store;

export class World {
  readonly #time = new TestTime();
  readonly #db: Database;
  readonly #store: Store;
  readonly #laws: Laws;
  readonly #actors: Actor[];
  #ids = 0;

  private constructor(db: Database, store: Store, time: TestTime) {
    this.#db = db;
    this.#time = time;
    this.#store = store;
    this.#laws = new Laws(() => readTruth(db), time);
    this.#actors = Array.from({ length: ACTORS }, () => ({
      id: "",
      isUp: false,
      isPaused: false,
      bootId: "",
      claims: [],
      verdicts: [],
      declared: [],
    }));
  }

  static async open(fault: Fault = (store) => store): Promise<World> {
    const db = new Database(IN_MEMORY, { patienceMs: 0, readOnly: false });
    await migrate(db, { readOnly: false });
    const time = new TestTime();
    const clock: Clock = time;
    return new World(db, fault(await sqliteStore(db, clock), db), time);
  }

  close(): void {
    this.#db.close();
  }

  /** Takes a step, if it can be taken now, and holds what came of it to the laws. */
  async take(step: Step): Promise<void> {
    const actor = "actor" in step ? this.#actors[step.actor] : undefined;
    try {
      if (actor) await this.#act(actor, step);
      else await this.#happen(step);
    } catch (error) {
      // A refusal is an answer; that nothing has changed then is one of the laws.
      if (!(error instanceof QueuectlError)) throw error;
      this.#laws.check({ do: "refused" });
    }
  }

  /** Everybody dies, and one worker does what there is to do: then every job must have ended. */
  async comeToRest(): Promise<void> {
    for (const actor of this.#actors) this.#crash(actor);
    const [last] = this.#actors;
    if (!last) return;
    await this.#act(last, { do: "start", actor: 0 });
    for (const queue of QUEUES) await this.#happen({ do: "changeQueue", queue, change: { state: "open" } });
    for (let round = 0; round < 500; round += 1) {
      await this.#act(last, { do: "look", actor: 0, trustLeases: true });
      for (const step of ["declare", "recover"] as const)
        for (let each = 0; each < 60; each += 1) await this.#act(last, { do: step, actor: 0 });
      await this.#act(last, { do: "recoverOrphans", actor: 0 });
      const { nextDueAt } = await this.#claim(last, 4);
      const which = last.claims.map((_, index) => index);
      const outcome = { kind: "succeeded" } as const;
      await this.#finish(last, { do: "finish", actor: 0, which, outcome, isRepeated: false, claimNext: 0 });
      if (which.length === 0 && nextDueAt === null) return this.#laws.checkRest();
      if (which.length === 0) this.#time.pass(BACKOFF.maxMs);
    }
    this.#laws.checkRest();
  }

  async #happen(step: Step): Promise<void> {
    switch (step.do) {
      case "enqueue": {
        const group = step.group && buildGroup({ ...step.group, id: this.#newId("g") });
        const jobs = step.jobs.map((job) => this.#buildJob(job, group));
        await this.#store.enqueue(jobs, group ?? undefined);
        return this.#laws.check({ do: "enqueue", ids: jobs.map(({ id }) => id) });
      }
      case "changeQueue":
        await this.#store.changeQueue(step.queue, step.change);
        return this.#laws.check({ do: "nothing" });
      case "cancel":
      case "retry":
      case "retryDead":
      case "removeDead": {
        // Mostly of jobs for which it makes sense; the others are refused.
        const ids = this.#laws.pick(step.jobs, step.isApt ? CHANGEABLE[step.do] : JOB_STATES);
        if (step.do === "cancel") await this.#store.cancelJobs(ids, this.#time.now());
        else if (step.do === "removeDead") await this.#store.removeDead(ids, this.#time.now());
        else await this.#store.retryJobs(ids, { change: step.do, now: this.#time.now() });
        return this.#laws.check({ do: step.do, ids });
      }
      case "reboot":
        for (const actor of this.#actors) this.#crash(actor);
        this.#time.reboot(this.#newId("boot-"));
        return this.#laws.check({ do: "nothing" });
      case "pass":
        this.#time.pass(step.ms);
        return this.#laws.check({ do: "nothing" });
    }
  }

  #buildJob({ expiresInMs, dependsOn, ...job }: NewJobStep, group: NewGroup | null): NewJob {
    const createdAt = this.#time.now();
    const id = this.#newId("j");
    return buildJob({
      ...job,
      id,
      expiresAt: expiresInMs === null ? null : createdAt + expiresInMs,
      dependsOn: dependsOn.flatMap(({ place, condition }) =>
        this.#laws.pick([place], JOB_STATES).map((on) => ({ on, condition })),
      ),
      group: group && { kind: group.kind, id: group.id, member: id },
      createdAt,
    });
  }

  async #act(actor: Actor, step: Step): Promise<void> {
    if (step.do === "start") return await this.#start(actor);
    if (step.do === "resume") actor.isPaused = false;
    if (!actor.isUp || actor.isPaused) return;
    switch (step.do) {
      case "claim":
        return await this.#claimAsSaid(actor, step.limit);
      case "finish":
        return await this.#finish(actor, step);
      case "beat":
        return await this.#beat(actor);
      case "look":
        return await this.#look(actor, step.trustLeases);
      case "declare":
        return await this.#declare(actor);
      case "recover":
      case "recoverOrphans": {
        const worker = step.do === "recover" ? actor.declared.shift() : null;
        if (worker === undefined) return;
        const options = { now: this.#time.now(), crashLimit: CRASH_LIMIT };
        await this.#store.recoverJobs(worker, options);
        return this.#laws.check({ do: "recover", worker });
      }
      case "crash":
        return this.#crash(actor);
      case "pause":
        actor.isPaused = true;
        return;
      case "leave":
        await this.#store.markStopping(actor.id);
        await this.#store.removeWorker(actor.id);
        if (actor.claims.length === 0) this.#crash(actor);
        return this.#laws.check({ do: "nothing" });
      case "forget":
        this.#db.prepare("DELETE FROM workers WHERE id = ?").run(actor.id);
        return this.#laws.check({ do: "nothing" });
    }
  }

  async #start(actor: Actor): Promise<void> {
    if (actor.isUp) return;
    Object.assign(actor, { isUp: true, isPaused: false, bootId: this.#time.bootId });
    await this.#join(actor);
  }

  async #join(actor: Actor): Promise<void> {
    actor.id = this.#newId("w");
    const identity = { ...buildWorker(actor.id).identity, bootId: actor.bootId };
    await this.#store.registerWorker(
      buildWorker(actor.id, { identity, leaseMs: LEASE_MS, concurrency: 4 }),
      this.#time.now(),
    );
    this.#laws.check({ do: "nothing" });
  }

  #crash(actor: Actor): void {
    Object.assign(actor, { isUp: false, claims: [], verdicts: [], declared: [] });
  }

  async #claim(actor: Actor, limit: number, now: number = this.#time.now()): Promise<ClaimBatch> {
    const batch = await this.#store.claim(this.#request(actor, limit, now));
    actor.claims.push(...batch.claims);
    this.#laws.check({ do: "finish", worker: actor.id, results: [], stale: [], claims: batch.claims, now });
    return batch;
  }

  /** What `explain` says before and after must be what the claim does at the same instant: each reading of the time is later. */
  async #claimAsSaid(actor: Actor, limit: number): Promise<void> {
    const now = this.#time.now();
    const said = await explainAll(this.#store, now);
    const { claims, nextDueAt } = await this.#claim(actor, limit, now);
    checkHandedOutAsSaid(claims, said);
    if (claims.length < limit && nextDueAt !== now)
      checkLeftAsSaid(await explainAll(this.#store, now, (worker) => worker === actor.id));
  }

  #request(actor: Actor, limit: number, now: number) {
    return { worker: actor.id, limit, queues: null, now, outputLimitBytes: 1_024 };
  }

  async #finish(actor: Actor, step: Extract<Step, { do: "finish" }>): Promise<void> {
    const chosen = [...new Set(step.which)].flatMap((index) => actor.claims[index] ?? []);
    if (chosen.length === 0 && step.claimNext === 0) return;
    // One whose commit it did not hear of tells of its results again.
    if (!step.isRepeated) actor.claims = actor.claims.filter((claim) => !chosen.includes(claim));
    const now = this.#time.now();
    const results = chosen.map((claim): FinishedExecution => {
      const transition = decideAfterRun(step.outcome, { job: claim.job, backoff: BACKOFF, now, random: 0 });
      return buildResult(claim, now, { outcome: step.outcome, transition });
    });
    const next = step.claimNext > 0 ? this.#request(actor, step.claimNext, now) : undefined;
    const { stale, claimed } = await this.#store.finish(actor.id, results, next);
    actor.claims.push(...claimed.claims);
    this.#laws.check({ do: "finish", worker: actor.id, results, stale, claims: claimed.claims, now });
  }

  async #beat(actor: Actor): Promise<void> {
    const { known } = await this.#store.heartbeat(actor.id, { leaseMs: LEASE_MS, now: this.#time.now() });
    this.#laws.check({ do: "beat", worker: actor.id, known });
    // Its claims are void, but their processes may end before it has killed them: it keeps them, and tells of them.
    if (!known) await this.#join(actor);
  }

  async #look(actor: Actor, trustLeases: boolean): Promise<void> {
    for (const { id, state, lease, heartbeats, held } of await this.#store.listWorkers()) {
      // Whoever took its jobs back was quicker.
      if (state === "dead" && held.length === 0) continue;
      const own = this.#actors.find((candidate) => candidate.id === id);
      const process = own?.isUp ? "alive" : "gone";
      if (id === actor.id || !(state === "dead" || isWorkerDead({ lease, process }, trustLeases))) continue;
      actor.verdicts.push({ worker: id, heartbeats, isDeclared: state === "dead" });
    }
  }

  async #declare(actor: Actor): Promise<void> {
    const verdict = actor.verdicts.shift();
    if (!verdict) return;
    const { worker, heartbeats, isDeclared } = verdict;
    const held = isDeclared ? [] : await this.#store.declareDead(worker, heartbeats);
    if (held !== null) actor.declared.push(worker);
    this.#laws.check({ do: "declare", worker, isDead: held !== null });
  }

  #newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}${this.#ids}`;
  }
}

import { QueuectlError } from "../../src/domain/errors.ts";
import { GROUP_KINDS } from "../../src/domain/group.ts";
import type { Job, JobState } from "../../src/domain/job.ts";
import type { FiredInstant, ScheduleRecord } from "../../src/store/schedule-store.ts";
import type {
  Claim,
  ClaimBatch,
  ClaimRequest,
  ExecutionRecord,
  GroupRecord,
  JobWaits,
  KeyRecord,
  QueueRecord,
  WorkerRecord,
} from "../../src/store/store.ts";
import { buildJob, buildResult } from "../support/build-job.ts";
import type { Scene } from "../support/conformance.ts";
import { type FireStep, QUEUES, type Step } from "./agreement-steps.ts";

/** What can be seen of a store. */
export interface Sight {
  jobs: Job[];
  /** Of each job. */
  executions: ExecutionRecord[][];
  waits: JobWaits[];
  groups: GroupRecord[][];
  schedules: ScheduleRecord[];
  /** Of each schedule. */
  history: FiredInstant[][];
  queues: QueueRecord[];
  keys: KeyRecord[];
  behindKeys: number;
  workers: WorkerRecord[];
  counts: Record<JobState, number>;
  countsByQueue: Record<JobState, number>[];
}

/** One store, and what its workers remember. */
export class Player {
  readonly #scene: Scene;
  readonly #claims: Claim[] = [];
  /** What the newest claim said of when to come again. */
  nextDueAt: number | null = null;
  /** Whether something was held back then, as far as that claim has looked. */
  isHeldBack = false;
  #boots = 1;
  readonly #incarnations = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** What the store answered; a refusal is an answer too. */
  async play(step: Step): Promise<unknown> {
    try {
      return await this.#play(step);
    } catch (error) {
      if (!(error instanceof QueuectlError)) throw error;
      return { refused: error.code, position: error.position };
    }
  }

  async #play(step: Step): Promise<unknown> {
    const { store, time } = this.#scene;
    switch (step.do) {
      case "enqueue":
        return await this.#enqueue(step);
      case "register": {
        const next = (this.#incarnations.get(step.worker) ?? 0) + 1;
        this.#incarnations.set(step.worker, next);
        return await this.#scene.startWorker(this.#idOf(step.worker));
      }
      case "heartbeat":
        return await store.heartbeat(this.#idOf(step.worker), { leaseMs: 15_000, now: time.now() });
      case "markStopping":
        return await store.markStopping(this.#idOf(step.worker));
      case "recover":
        return await store.recoverJobs(this.#idOf(step.worker), { now: time.now(), crashLimit: 2 });
      case "remove":
        return await store.removeWorker(this.#idOf(step.worker));
      case "stop":
        return await store.requestStop([this.#idOf(step.worker)], { graceMs: 1 });
      case "declareDead": {
        const seen = (await store.listWorkers()).find(({ id }) => id === this.#idOf(step.worker));
        return await store.declareDead(this.#idOf(step.worker), (seen?.heartbeats ?? 0) - step.staleBy);
      }
      case "claim": {
        const { limit, queues } = step;
        const request = this.#scene.claimRequest(this.#idOf(step.worker), { limit, queues });
        return await this.#complete(request, await store.claim(request));
      }
      case "finish": {
        const now = time.now();
        const remembered = step.claims.flatMap((back) => this.#claims.at(-1 - back) ?? []);
        const moved = step.transition;
        const how = { transition: moved.to === "failed" ? { ...moved, dueAt: now + moved.dueAt } : moved };
        const request = this.#scene.claimRequest(this.#idOf(step.worker), { limit: step.claimNext });
        const { claimed, ...receipt } = await store.finish(
          this.#idOf(step.worker),
          remembered.map((claim) => buildResult(claim, now, how)),
          step.claimNext > 0 ? request : undefined,
        );
        return { ...receipt, claimed: await this.#complete(request, claimed) };
      }
      case "cancel":
        return await store.cancelJobs(step.ids, time.now());
      case "retry":
      case "retryDead":
        return await store.retryJobs(step.ids, { change: step.do, now: time.now() });
      case "removeDead":
        return (await store.removeDead(step.ids, time.now())).sort((a, b) => a - b);
      case "changeQueue":
        return await store.changeQueue(step.queue, step.change);
      case "changeKey":
        return await store.changeKey(step.key, step.limit);
      case "expire": {
        const { state, limit } = step;
        const expired = { state, before: time.now() - step.olderMs };
        return [await store.countExpired(expired), await store.removeExpired(expired, limit)];
      }
      case "putSchedule": {
        const { name, overlap } = step;
        const times = { createdAt: 0, nextAt: 1 };
        const timing = { pattern: "@hourly", zone: "UTC", catchUp: "one" as const };
        const replaces = step.replace ? { createdAt: 0, nextAt: await this.#nextAt(name), missed: [] } : null;
        return await store.schedules.put({ name, overlap, ...timing, job: "{}", ...times }, replaces);
      }
      case "pauseSchedule": {
        const { name, isPaused, missed } = step;
        const was = { createdAt: 0, nextAt: step.isStale ? -1 : await this.#nextAt(name), missed };
        return await store.schedules.setPaused(name, { was, isPaused, nextAt: 5, now: time.now() });
      }
      case "removeSchedule":
        return await store.schedules.remove(step.name);
      case "fire":
        return (await this.#fire(step))?.map(withoutReason);
      case "setBack":
        time.stepWallClock(-step.ms);
        return await store.rebaseWaits(time.now());
      case "pass":
        return time.pass(step.ms);
      case "reboot":
        this.#boots += 1;
        return time.reboot(`boot-${this.#boots}`);
    }
  }

  async #fire(step: FireStep): Promise<FiredInstant[] | null> {
    const { name, kind, isStale, instants, missed, refused, nextAt, job } = step;
    const now = this.#scene.time.now();
    const group = { kind: "schedule" as const, id: name };
    const runs = instants.map((instant) => {
      const member = `${instant}`;
      const own = { id: `${name}:${member}`, group: { ...group, member }, createdAt: now, runAt: instant };
      return { instant, job: buildJob({ ...job, ...own }) };
    });
    const { fire } = this.#scene.store.schedules;
    const planned = { name, createdAt: 0, now };
    const [run] = runs;
    if (kind === "by_hand") return run ? await fire({ kind, ...planned, run }) : null;
    const expectedNextAt = isStale ? -1 : await this.#nextAt(name);
    if (kind === "set_back") return await fire({ kind, ...planned, expectedNextAt, nextAt: nextAt ?? 1 });
    const notes = refused.map((instant) => ({ instant, note: "no such job" }));
    return await fire({ kind, ...planned, expectedNextAt, nextAt, runs, missed, refused: notes });
  }

  async #nextAt(name: string): Promise<number | null> {
    return (await this.#scene.store.schedules.get(name))?.nextAt ?? null;
  }

  async #enqueue({ jobs, stream, group }: Extract<Step, { do: "enqueue" }>): Promise<unknown> {
    const now = this.#scene.time.now();
    const built = jobs.map(({ runInMs, expiresInMs, ...job }, index) =>
      buildJob({
        ...job,
        runAt: runInMs === null ? null : now + runInMs,
        expiresAt: expiresInMs === null ? null : now + expiresInMs,
        group: group && { kind: "array", id: group.id, member: `${index}` },
        createdAt: now,
      }),
    );
    const made = group ? { ...group, kind: "array" as const, name: "true", createdAt: now } : undefined;
    const receipt = await this.#scene.store.enqueue(stream ? streamOf(built) : built, made);
    // Where nothing was added, the contract says of the numbers only that they name nothing.
    return receipt.count === 0 ? { count: 0, existing: receipt.existing } : receipt;
  }

  /** A claim that has not looked at everything asks to be called again at once. */
  async #complete(request: ClaimRequest, first: ClaimBatch): Promise<unknown> {
    const claims = [...first.claims];
    this.nextDueAt = first.nextDueAt;
    while (this.nextDueAt === request.now && claims.length < request.limit) {
      const rest = await this.#scene.store.claim({ ...request, limit: request.limit - claims.length });
      claims.push(...rest.claims);
      this.nextDueAt = rest.nextDueAt;
    }
    this.#claims.push(...claims);
    const hasLooked = claims.length < request.limit && (await this.#mayClaim(request.worker));
    this.isHeldBack = hasLooked && (await this.#scene.store.isHeldBack(request.queues));
    return claims;
  }

  /** Whether a worker is there, and holds no suspect: only then does a claim of its look at what waits. */
  async #mayClaim(id: string): Promise<boolean> {
    const { store } = this.#scene;
    const worker = (await store.listWorkers()).find((each) => each.id === id);
    const held = await Promise.all((worker?.held ?? []).map(({ jobId }) => store.getJob(jobId)));
    return worker?.state === "running" && held.every((job) => job?.suspicion === null);
  }

  /** A worker that registers again does so under a fresh id, as processes do. */
  #idOf(worker: string): string {
    return `${worker}.${this.#incarnations.get(worker) ?? 0}`;
  }

  /** Everything that can be seen of the store. */
  async look(): Promise<Sight> {
    const { store } = this.#scene;
    const jobs = await Array.fromAsync(store.listJobs());
    return {
      jobs,
      executions: await Promise.all(jobs.map(({ seq }) => store.listExecutions(seq))),
      waits: await Promise.all(jobs.map(({ seq }) => store.readWaits(seq))),
      groups: await Promise.all(GROUP_KINDS.map((kind) => store.listGroups({ kind }))),
      schedules: (await store.schedules.list()).map(({ last, ...schedule }) => ({
        ...schedule,
        last: last && withoutReason(last),
      })),
      history: await Promise.all(
        (await store.schedules.list()).map(async ({ name }) =>
          (await store.schedules.history(name, 100)).map(withoutReason),
        ),
      ),
      queues: await store.listQueues(),
      keys: await store.listKeys(),
      behindKeys: await store.countBehindKeys(9),
      workers: await store.listWorkers(),
      counts: await store.counts(null),
      countsByQueue: await Promise.all(QUEUES.map((queue) => store.counts([queue]))),
    };
  }
}

/** Each store has its own words for why something cannot be enqueued. */
function withoutReason(fired: FiredInstant): FiredInstant {
  return fired.outcome === "refused" ? { ...fired, note: null } : fired;
}

async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

import fc from "fast-check";
import { CONDITIONS, type Condition } from "../../src/domain/dependency.ts";
import type { OverlapPolicy } from "../../src/domain/schedule.ts";
import {
  type Transition,
  toCompleted,
  toDead,
  toPendingAgain,
  toRetry,
} from "../../src/domain/transition.ts";
import type { Firing } from "../../src/store/schedule-store.ts";
import type { ExpiringState, QueueChange } from "../../src/store/store.ts";

/** What may happen to a store, as far as both are told of it. Instants are relative: each scene has a time of its own. */
export type Step =
  | { do: "enqueue"; jobs: JobStep[]; stream: boolean; group: GroupStep | null }
  | { do: "register" | "heartbeat" | "markStopping" | "recover" | "remove" | "stop"; worker: string }
  | { do: "declareDead"; worker: string; staleBy: number }
  | { do: "claim"; worker: string; limit: number; queues: string[] | null }
  | { do: "finish"; worker: string; claims: number[]; transition: Transition; claimNext: number }
  | { do: "cancel" | "retry" | "retryDead" | "removeDead"; ids: string[] }
  | { do: "changeQueue"; queue: string; change: QueueChange }
  | { do: "changeKey"; key: string; limit: number | null }
  | { do: "expire"; state: ExpiringState; olderMs: number; limit: number }
  | { do: "putSchedule"; name: string; overlap: OverlapPolicy; replace: boolean }
  | { do: "pauseSchedule"; name: string; isPaused: boolean; isStale: boolean; missed: number[] }
  | { do: "removeSchedule"; name: string }
  | FireStep
  | { do: "reboot" }
  | { do: "setBack"; ms: number }
  | { do: "pass"; ms: number };

export interface JobStep {
  id: string;
  queue: string;
  priority: number;
  runInMs: number | null;
  expiresInMs: number | null;
  unique: string | null;
  uniqueReturn: boolean;
  key: string | null;
  keyLimit: number | null;
  dependsOn: { on: string; condition: Condition }[];
}

export interface GroupStep {
  id: string;
  maxRunning: number | null;
  maxFails: number | null;
}

/** Instants are small numbers, long past, the same in each scene. */
export interface FireStep {
  do: "fire";
  name: string;
  kind: Firing["kind"];
  /** Whether another worker has changed it meanwhile. */
  isStale: boolean;
  instants: number[];
  missed: number[];
  refused: number[];
  nextAt: number | null;
  job: Pick<JobStep, "queue" | "unique" | "uniqueReturn">;
}

const WORKERS = ["w0", "w1", "w2"] as const;
export const QUEUES = ["default", "mail", "media"] as const;

const worker = fc.constantFrom(...WORKERS);
const jobId = fc.integer({ min: 0, max: 14 }).map((n) => `j${n}`);
const groupId = fc.integer({ min: 0, max: 4 }).map((n) => `g${n}`);
const anyId = fc.oneof(
  { weight: 5, arbitrary: jobId },
  { weight: 1, arbitrary: groupId },
  { weight: 1, arbitrary: fc.constantFrom("s0", "s1") },
);

/** Mostly null: a course in which every job has every limit is one in which nothing happens. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>, nulls: number) =>
  fc.oneof({ weight: nulls, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const seldomTrue = fc.constantFrom(false, false, false, true);

const job: fc.Arbitrary<JobStep> = fc
  .record({
    id: jobId,
    queue: fc.constantFrom(...QUEUES),
    priority: fc.constantFrom(0, 0, 0, 1),
    runInMs: seldom(fc.integer({ min: 0, max: 20_000 }), 4),
    expiresInMs: seldom(fc.integer({ min: 1, max: 20_000 }), 4),
    unique: seldom(fc.constantFrom("u0", "u1"), 5),
    uniqueReturn: fc.boolean(),
    key: seldom(fc.constantFrom("k0", "k1"), 1),
    keyLimit: seldom(fc.integer({ min: 1, max: 3 }), 2),
    dependsOn: fc.array(
      fc.record({ on: anyId, condition: fc.constantFrom<Condition>("completed", ...CONDITIONS) }),
      { maxLength: 2 },
    ),
    dependsOnNone: fc.boolean(),
  })
  // As `freq` above, with `fc.oneof` a shrunken job would depend on others that it need not.
  .map(({ dependsOnNone, ...fields }) => (dependsOnNone ? { ...fields, dependsOn: [] } : fields));

const transition: fc.Arbitrary<Transition> = fc.oneof(
  fc.constant(toCompleted()),
  fc.constant(toPendingAgain()),
  fc.constant<Transition>({ to: "cancelled" }),
  fc.record({ attempts: fc.integer({ min: 1, max: 4 }), dueInMs: fc.integer({ min: 0, max: 40 }) }).map(
    // Due times are made absolute by the step, on the time of its scene.
    ({ attempts, dueInMs }) => toRetry({ attempts, dueAt: dueInMs }),
  ),
  fc.integer({ min: 1, max: 4 }).map((attempts) => toDead({ attempts, reason: "retries_spent" })),
);

const change: fc.Arbitrary<QueueChange> = fc.oneof(
  fc.record({ state: fc.constantFrom("open", "open", "paused", "draining" as const) }),
  fc.record({ maxRunning: fc.option(fc.integer({ min: 1, max: 2 }), { nil: null }) }),
  fc.record({
    rate: fc.option(
      fc.record({ starts: fc.integer({ min: 1, max: 3 }), periodMs: fc.constantFrom(5, 100, 10_000) }),
      { nil: null },
    ),
  }),
);

// Called like a job or a group, too.
const scheduleName = fc.constantFrom("s0", "s0", "s1", "j0", "g0");
const instants = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 3 });

const scheduleStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("putSchedule" as const),
    name: scheduleName,
    overlap: fc.constantFrom<OverlapPolicy>("skip", "queue", "replace", "allow"),
    replace: fc.boolean(),
  }),
  fc.record({
    do: fc.constant("fire" as const),
    name: scheduleName,
    kind: fc.constantFrom<Firing["kind"]>("due", "due", "due", "by_hand", "set_back"),
    isStale: seldomTrue,
    instants,
    missed: instants,
    refused: instants,
    nextAt: fc.option(fc.integer({ min: 1, max: 10 }), { nil: null }),
    job: fc.record({
      queue: fc.constantFrom(...QUEUES),
      unique: seldom(fc.constantFrom("u0", "u1"), 3),
      uniqueReturn: fc.boolean(),
    }),
  }),
  fc.record({
    do: fc.constant("pauseSchedule" as const),
    name: scheduleName,
    isPaused: fc.boolean(),
    isStale: seldomTrue,
    missed: instants,
  }),
  fc.record({ do: fc.constant("removeSchedule" as const), name: scheduleName }),
);

const claim = fc.record({
  do: fc.constant("claim" as const),
  worker,
  limit: fc.integer({ min: 0, max: 3 }),
  queues: fc.option(fc.subarray([...QUEUES]), { nil: null, freq: 2 }),
});

/** The usual steps oftener. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("enqueue" as const),
      jobs: fc.array(job, { minLength: 1, maxLength: 4 }),
      stream: fc.boolean(),
      group: seldom(
        fc.record({
          id: groupId,
          maxRunning: fc.option(fc.integer({ min: 1, max: 2 }), { nil: null }),
          maxFails: fc.option(fc.integer({ min: 1, max: 2 }), { nil: null }),
        }),
        1,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("register", "heartbeat", "markStopping", "recover", "remove", "stop" as const),
      worker,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("register" as const), worker }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("declareDead" as const),
      worker,
      staleBy: fc.constantFrom(0, 0, 1),
    }),
  },
  { weight: 5, arbitrary: claim },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("finish" as const),
      worker,
      claims: fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 3 }),
      transition,
      claimNext: fc.integer({ min: 0, max: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("cancel", "retry", "retry", "retryDead", "removeDead" as const),
      ids: fc.array(anyId, { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("changeQueue" as const),
      queue: fc.constantFrom(...QUEUES),
      change,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("changeKey" as const),
      key: fc.constantFrom("k0", "k1"),
      limit: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("expire" as const),
      state: fc.constantFrom<ExpiringState>("completed", "cancelled", "dead"),
      olderMs: fc.constantFrom(0, 20_000),
      limit: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 4, arbitrary: scheduleStep },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reboot" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("setBack" as const), ms: fc.constantFrom(50, 60_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  },
);

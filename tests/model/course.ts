import fc from "fast-check";
import { CONDITIONS } from "../../src/domain/dependency.ts";
import { ACTORS, type ActorStep, type NewJobStep, QUEUES, type Step } from "./step.ts";
import { type Fault, World } from "./world.ts";

const actor = fc.nat({ max: ACTORS - 1 });
const jobs = fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 2 });

const outcome = fc.oneof(
  fc.constantFrom(
    { kind: "succeeded" } as const,
    { kind: "failed", exitCode: 1 } as const,
    { kind: "timed_out", afterMs: 5 } as const,
    { kind: "interrupted" } as const,
    { kind: "cancelled" } as const,
    { kind: "lost" } as const,
  ),
  fc.constantFrom(
    { kind: "signalled", signal: "SIGKILL" } as const,
    { kind: "spawn_failed", cause: "none" } as const,
  ),
);

/** Mostly null: where every job has every limit nothing happens. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>, nulls: number) =>
  fc.oneof({ weight: nulls, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const newJob: fc.Arbitrary<NewJobStep> = fc.record({
  queue: fc.constantFrom(...QUEUES),
  maxRetries: fc.nat({ max: 1 }),
  priority: fc.integer({ min: 0, max: 1 }),
  key: seldom(fc.constant("k"), 1),
  unique: seldom(fc.constant("u"), 6),
  expiresInMs: seldom(fc.constantFrom(10, 5_000), 4),
  dependsOn: fc.oneof(
    { weight: 3, arbitrary: fc.constant<NewJobStep["dependsOn"]>([]) },
    {
      weight: 2,
      arbitrary: fc.array(
        fc.record({ place: fc.nat({ max: 8 }), condition: fc.constantFrom(...CONDITIONS) }),
        {
          minLength: 1,
          maxLength: 2,
        },
      ),
    },
  ),
});

const limit = fc.option(fc.integer({ min: 1, max: 2 }), { nil: null });

const change = fc.oneof(
  fc.record({ state: fc.constantFrom("open", "open", "paused", "draining" as const) }),
  fc.record({ maxRunning: limit }),
  fc.record({
    rate: fc.option(
      fc.record({ starts: fc.integer({ min: 1, max: 3 }), periodMs: fc.constantFrom(10, 1_000, 30_000) }),
      { nil: null },
    ),
  }),
);

function acts(...names: ActorStep[]): fc.Arbitrary<Step> {
  return fc.record({ do: fc.constantFrom(...names), actor });
}

/** The steps of a course, the usual ones oftener. */
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("enqueue" as const),
      jobs: fc.array(newJob, { minLength: 1, maxLength: 3 }),
      group: seldom(fc.record({ maxRunning: limit, maxFails: limit }), 2),
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
  { weight: 4, arbitrary: acts("start") },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("claim" as const), actor, limit: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("finish" as const),
      actor,
      which: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 2 }),
      outcome,
      isRepeated: fc.boolean(),
      claimNext: fc.nat({ max: 3 }),
    }),
  },
  { weight: 4, arbitrary: acts("beat") },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("look" as const), actor, trustLeases: fc.boolean() }),
  },
  { weight: 7, arbitrary: acts("declare") },
  { weight: 6, arbitrary: acts("recover") },
  { weight: 1, arbitrary: acts("crash") },
  { weight: 3, arbitrary: acts("pause", "resume", "resume") },
  { weight: 1, arbitrary: acts("recoverOrphans", "leave", "forget") },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("cancel", "cancel", "retry", "retryDead", "removeDead" as const),
      jobs,
      isApt: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "reboot" }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1, 5_000, 16_000) }),
  },
);

/** A worker that dies or is silent with jobs in hand, and two others who see it: what rare courses begin with. */
const death: fc.Arbitrary<Step[]> = fc
  .record({
    dying: actor,
    away: fc.constantFrom("crash", "pause" as const),
    limit: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ dying, away, limit }): Step[] => {
    const [one, other] = [(dying + 1) % ACTORS, (dying + 2) % ACTORS] as const;
    const sees = (who: number): Step[] => [
      { do: "start", actor: who },
      { do: "look", actor: who, trustLeases: true },
      { do: "declare", actor: who },
    ];
    return [
      { do: "start", actor: dying },
      { do: "claim", actor: dying, limit },
      { do: away, actor: dying },
      { do: "pass", ms: 16_000 },
      ...sees(one),
      ...sees(other),
    ];
  });

/** One that was away comes back: it tells what came of its jobs, before it has heard of anything or after. */
const comeback: fc.Arbitrary<Step[]> = fc
  .record({ actor, hearsFirst: fc.boolean(), outcome, which: fc.nat({ max: 2 }) })
  .map(({ actor, hearsFirst, outcome, which }): Step[] => [
    { do: "resume", actor },
    ...(hearsFirst ? [{ do: "beat" as const, actor }] : []),
    { do: "finish", actor, which: [which], outcome, isRepeated: false, claimNext: 0 },
  ]);

const PLAIN_JOB: NewJobStep = {
  queue: "default",
  maxRetries: 1,
  priority: 0,
  key: null,
  unique: null,
  expiresInMs: null,
  dependsOn: [],
};

/** Everybody is there, and there is something to do. */
const OPENING: readonly Step[] = [
  ...Array.from({ length: ACTORS }, (_, actor): Step => ({ do: "start", actor })),
  { do: "enqueue", jobs: Array.from({ length: 4 }, () => PLAIN_JOB), group: null },
];

const course = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: step.map((one) => [one]) },
      { weight: 1, arbitrary: death },
      { weight: 1, arbitrary: comeback },
    ),
    {
      minLength: 5,
      maxLength: 60,
      size: "max",
    },
  )
  .map((parts) => [...OPENING, ...parts.flat()]);

/** Any course of events leaves every law whole, and everything ends once everybody has done what there is to do. */
export function anyCourse(fault?: Fault): fc.IAsyncProperty<[Step[]]> {
  return fc.asyncProperty(course, async (steps) => {
    const world = await World.open(fault);
    try {
      for (const each of steps) await world.take(each);
      await world.comeToRest();
    } finally {
      world.close();
    }
  });
}

import fc from "fast-check";
import { expect, test } from "vitest";
import { countsOf } from "../../src/domain/job.ts";
import { closeScenes, openMemoryScene, openSqliteScene } from "../support/conformance.ts";
import { Player, type Sight } from "./agreement-player.ts";
import { QUEUES, step } from "./agreement-steps.ts";

/**
 * Any course of events, told to both stores: they must answer alike at every step, and what a store keeps must stay
 * true of itself. Late and repeated steps are part of it: claims are remembered for ever and used again.
 *
 * More are run by hand: AGREEMENT_RUNS=5000.
 */
const runs = Number(process.env["AGREEMENT_RUNS"] ?? 60);

/**
 * A store may ask to be called again too early, or keep a worker from leaving, for a job that was there and is gone. The
 * other way round a job would be started late, or not at all.
 */
function expectNoLater(seen: Player, expected: Player): void {
  expect(seen.isHeldBack || !expected.isHeldBack).toBe(true);
  if (expected.nextDueAt === null) return;
  expect(seen.nextDueAt).not.toBeNull();
  expect(seen.nextDueAt).toBeLessThanOrEqual(expected.nextDueAt);
}

/** What must hold in any store after any course of events. */
function expectConsistent({ jobs, executions, workers, counts, countsByQueue }: Sight): void {
  const countOf = (of: typeof jobs) => countsOf((state) => of.filter((job) => job.state === state).length);
  expect(counts).toEqual(countOf(jobs));
  for (const [index, queue] of QUEUES.entries()) {
    expect(countsByQueue[index]).toEqual(countOf(jobs.filter((job) => job.queue === queue)));
  }
  for (const [index, job] of jobs.entries()) {
    const history = executions[index] ?? [];
    expect(history.map(({ number }) => number)).toEqual(history.map((_, at) => at + 1));
    expect(history).toHaveLength(job.executions);
    expect(history.filter(({ outcome }) => outcome === null)).toHaveLength(
      job.state === "processing" ? 1 : 0,
    );
    expect(job.worker === null).toBe(job.state !== "processing");
  }
  for (const worker of workers) {
    const suspects = jobs.filter((job) => job.worker === worker.id && job.suspicion !== null);
    if (suspects.length > 0) expect(worker.held).toHaveLength(1);
  }
  const held = workers.flatMap(({ held }) => held.map(({ jobId }) => jobId));
  const processing = jobs.filter(({ state }) => state === "processing").map(({ id }) => id);
  expect(held.sort()).toEqual(processing.sort());
}

test("both stores answer alike, and stay true, through any course of events", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: "max" }), async (course) => {
      try {
        const memory = new Player(await openMemoryScene());
        const sqlite = new Player(await openSqliteScene());
        for (const [index, event] of course.entries()) {
          expect([index, event, await sqlite.play(event)]).toEqual([index, event, await memory.play(event)]);
          expectNoLater(sqlite, memory);
        }
        const seen = await sqlite.look();
        expect(seen).toEqual(await memory.look());
        expectConsistent(seen);
      } finally {
        await closeScenes();
      }
    }),
    { numRuns: runs },
  );
}, 3_600_000);

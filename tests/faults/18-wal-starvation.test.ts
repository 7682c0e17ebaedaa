import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { openStore } from "../../src/store/open-store.ts";
import { buildJob } from "../support/build-job.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";
import { expectOnTarget, fault } from "./support/fault.ts";

const WRITES_PER_SECOND = 500;
const MOST_WAL_MB = 64;

fault(
  "the WAL that a long reader made grow is small again soon after it lets go, though writers and workers live on",
  {
    row: "18",
    target: "a reader over 60 s of 500 writes/s: WAL <= 64 MB 10 s after its release",
    limitMs: 240_000,
  },
  async ({ rounds, record }) => {
    const home = homeForTest();
    await home.startWorker(["--queue", "other"]);
    const readMs = rounds(60_000, 2_000);
    const writer = await startWriter(home, readMs);
    // A dump or a report that somebody left open.
    const reader = new DatabaseSync(home.db, { readOnly: true });
    reader.exec("BEGIN; SELECT count(*) FROM jobs;");
    const heldFrom = performance.now();
    const isLongEnough = () => performance.now() - heldFrom >= readMs;
    // Above the bound, so that it means something that it is below it in the end.
    await until(() => isLongEnough() && walMb(home) > 1.5 * MOST_WAL_MB, "the WAL to grow", 120_000);
    const heldMs = performance.now() - heldFrom;
    const grown = walMb(home);

    reader.close();
    const releasedAt = performance.now();
    await until(() => walMb(home) <= MOST_WAL_MB, "the WAL to be small again");
    const smallMs = performance.now() - releasedAt;
    expectOnTarget(smallMs, 10_000);
    // And it stays so, with nobody in the way.
    await until(() => performance.now() - releasedAt > smallMs + 1_000, "a second to pass");
    expect(walMb(home)).toBeLessThanOrEqual(MOST_WAL_MB);
    const perSecond = await writer.stop();
    record(
      `${Math.round(perSecond)} writes/s, reader of ${Math.round(heldMs / 1_000)} s: WAL ${Math.round(grown)} MB, <= ${MOST_WAL_MB} MB ${Math.round(smallMs)} ms after its release, then ${Math.round(walMb(home))} MB`,
    );
  },
);

function walMb({ db }: Home): number {
  return (statSync(`${db}-wal`, { throwIfNoEntry: false })?.size ?? 0) / 1_048_576;
}

/** Enqueues at that rate until it is stopped, through the same store as the command; gives the rate that it reached. */
async function startWriter(home: Home, readMs: number): Promise<{ stop(): Promise<number> }> {
  const store = await openStore(home.db);
  // However short the reading: enough to grow well above the bound.
  const stdin = "x".repeat((2 * MOST_WAL_MB * 1_048_576) / ((WRITES_PER_SECOND * readMs) / 1_000));
  const from = performance.now();
  let writes = 0;
  let isOver = false;
  const writing = (async () => {
    for (; !isOver; writes++) {
      await store.enqueue([buildJob({ stdin })]);
      await pause(Math.max(0, from + (writes * 1_000) / WRITES_PER_SECOND - performance.now()));
    }
  })();
  const stop = async (): Promise<number> => {
    isOver = true;
    await writing;
    return (writes * 1_000) / (performance.now() - from);
  };
  onTestFinished(async () => {
    await stop();
    await store.close();
  });
  return { stop };
}

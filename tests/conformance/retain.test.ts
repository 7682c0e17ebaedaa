import { expect, test } from "vitest";
import { toDead } from "../../src/domain/transition.ts";
import type { CapturedOutput, Claim } from "../../src/store/store.ts";
import { describeStores, type Scene } from "../support/conformance.ts";

const PRINTED: CapturedOutput = {
  stdout: { tail: Buffer.from("out"), totalBytes: 3 },
  stderr: { tail: Buffer.from("end of err"), totalBytes: 20_000 },
  marks: [{ stream: "stdout", offset: 0, at: 1 }],
};

/** Jobs that complete one after another, a second apart; gives their claims. */
async function complete(
  scene: Scene,
  ids: string[],
  how: Parameters<Scene["finish"]>[2] = {},
): Promise<Claim[]> {
  await scene.enqueue(...ids.map((id) => ({ id })));
  const claims: Claim[] = [];
  for (const _ of ids) {
    const claim = await scene.claimOne("w");
    await scene.finish("w", claim, { output: PRINTED, ...how });
    scene.time.pass(1_000);
    claims.push(claim);
  }
  return claims;
}

const dead = { transition: toDead({ attempts: 1, reason: "retries_spent" }) };

describeStores("retain", (open) => {
  async function openWithWorker(): Promise<Scene> {
    const scene = await open();
    await scene.startWorker("w");
    return scene;
  }

  test("finished jobs of one state go, the longest finished first, with their history and no more than asked", async () => {
    const scene = await openWithWorker();
    const claims = await complete(scene, ["a", "b", "c"]);
    await complete(scene, ["d"], dead);
    await scene.enqueue({ id: "waits" });
    const completed = { state: "completed", before: scene.time.now() } as const;
    expect(await scene.store.countExpired(completed)).toBe(3);
    expect(await scene.store.removeExpired(completed, 2)).toEqual({
      jobs: 2,
      tokens: claims.slice(0, 2).map(({ token }) => token),
    });
    expect(await scene.ids()).toEqual(["c", "d", "waits"]);
    expect(await scene.store.listExecutions(claims[0]?.job.seq ?? 0)).toEqual([]);
    expect(await scene.store.counts(null)).toMatchObject({ completed: 1, dead: 1, pending: 1 });
    expect(await scene.store.removeExpired(completed, 2)).toMatchObject({ jobs: 1 });
    expect(await scene.store.removeExpired(completed, 2)).toEqual({ jobs: 0, tokens: [] });
  });

  test("a job that ended at the instant itself is not older than it", async () => {
    const scene = await openWithWorker();
    await complete(scene, ["a"]);
    const endedAt = (await scene.store.getJob("a"))?.updatedAt ?? 0;
    expect(await scene.store.countExpired({ state: "completed", before: endedAt })).toBe(0);
    expect(await scene.store.countExpired({ state: "completed", before: endedAt + 1 })).toBe(1);
    expect(await scene.store.countExpired({ state: "cancelled", before: endedAt + 1 })).toBe(0);
  });

  test("a job that was brought back is not finished, however old its history", async () => {
    const scene = await openWithWorker();
    await complete(scene, ["a"], dead);
    await scene.store.retryJobs(["a"], { change: "retryDead", now: scene.time.now() });
    const expired = { state: "dead", before: scene.time.now() + 1 } as const;
    expect(await scene.store.removeExpired(expired, 10)).toEqual({ jobs: 0, tokens: [] });
  });

  test("old output goes from the history, which stays and knows how much there was", async () => {
    const scene = await openWithWorker();
    const [first, second] = await complete(scene, ["a", "b"]);
    const before = ((await scene.store.getJob("a"))?.updatedAt ?? 0) + 1;
    expect(await scene.store.pruneOutput({ before, limit: 10 })).toEqual({
      tokens: [first?.token],
      next: null,
    });
    const outputOf = async (claim: Claim | undefined) =>
      (await scene.store.listExecutions(claim?.job.seq ?? 0)).map(({ outcome, output }) => ({
        outcome,
        stdout: [Buffer.from(output?.stdout.tail ?? []).toString(), output?.stdout.totalBytes],
        stderr: [Buffer.from(output?.stderr.tail ?? []).toString(), output?.stderr.totalBytes],
        marks: output?.marks.length,
      }));
    expect(await outputOf(first)).toEqual([
      { outcome: "succeeded", stdout: ["", 3], stderr: ["", 20_000], marks: 0 },
    ]);
    expect(await outputOf(second)).toMatchObject([{ stdout: ["out", 3], stderr: ["end of err", 20_000] }]);
    expect(await scene.store.pruneOutput({ before, limit: 10 }), "twice").toEqual({ tokens: [], next: null });
  });

  test("output is pruned in steps, each from where the last one stopped", async () => {
    const scene = await openWithWorker();
    const claims = await complete(scene, ["a", "b", "c"]);
    const before = scene.time.now();
    const pruned: number[] = [];
    let steps = 0;
    for (let after = undefined as Parameters<typeof scene.store.pruneOutput>[0]["after"]; ; steps += 1) {
      const { tokens, next } = await scene.store.pruneOutput({ before, after, limit: 1 });
      pruned.push(...tokens);
      if (!next) break;
      after = next;
    }
    expect(pruned).toEqual(claims.map(({ token }) => token));
    expect(steps).toBe(3);
  });

  test("a dead job keeps its output, and so does an execution that runs", async () => {
    const scene = await openWithWorker();
    const [claim] = await complete(scene, ["a"], dead);
    await scene.enqueue({ id: "runs" });
    const running = await scene.claimOne("w");
    const before = scene.time.now() + 1_000;
    expect(await scene.store.pruneOutput({ before, limit: 10 })).toEqual({ tokens: [], next: null });
    const tokens = [claim?.token ?? 0, running.token];
    expect(await scene.store.findStrayOutput(tokens, before)).toEqual([]);
  });

  test("files are astray whose execution is in no history, or ended long ago", async () => {
    const scene = await openWithWorker();
    const [old, young] = await complete(scene, ["a", "b"]);
    const before = ((await scene.store.getJob("a"))?.updatedAt ?? 0) + 1;
    const tokens = [old?.token ?? 0, young?.token ?? 0, 99];
    expect(await scene.store.findStrayOutput(tokens, before)).toEqual([old?.token, 99]);
    expect(await scene.store.findStrayOutput(tokens, null)).toEqual([99]);
    expect(await scene.store.findStrayOutput([], before)).toEqual([]);
  });

  test("of all who ask, one within each span of time is to apply retention", async () => {
    const scene = await open();
    const other = await scene.openAnother();
    scene.time.pass(60_000);
    const ask = (store = scene.store) => store.takeRetentionTurn(scene.time.now(), 60_000);
    expect((await Promise.all([ask(), ask(other), ask()])).filter(Boolean)).toHaveLength(1);
    scene.time.pass(59_000);
    expect(await ask(other)).toBe(false);
    scene.time.pass(1_000);
    expect(await ask(other)).toBe(true);
    const earlier = scene.time.now() - 3_600_000;
    expect(await other.takeRetentionTurn(earlier, 60_000), "under a clock that was set back").toBe(true);
  });
});

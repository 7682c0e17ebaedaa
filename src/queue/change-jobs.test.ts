import { afterEach, expect, test } from "vitest";
import { buildJob } from "../../tests/support/build-job.ts";
import { closeScenes, openSqliteScene } from "../../tests/support/conformance.ts";
import { changeNamed, findNamed } from "./change-jobs.ts";

afterEach(closeScenes);

test("while a large array is changed, others come to the store", async () => {
  const scene = await openSqliteScene();
  await scene.enqueueGroup({ id: "g" }, ...Array.from({ length: 4_500 }, (_, n) => ({ id: `j${n}` })));
  await scene.enqueue({ id: "alone" });
  const other = await scene.openAnother();
  for (const change of ["cancel", "retry"] as const) {
    const events: string[] = [];
    const named = await findNamed(scene.store, ["g", "alone"], change);
    const options = { change, now: scene.time.now() };
    const { members } = await changeNamed(scene.store, named, options, (_, done, total) => {
      events.push(`${done} of ${total}`);
      if (done === 2_000)
        void other.enqueue([buildJob({ id: `beside-${change}` })]).then(() => events.push("beside"));
    });
    expect(events).toEqual(["2000 of 4500", "beside", "4000 of 4500", "4500 of 4500"]);
    expect(members.get("g")?.ids).toHaveLength(4_500);
  }
  expect((await scene.store.getGroup("g"))?.counts).toMatchObject({ pending: 4_500, cancelled: 0 });
  expect(await scene.states("alone")).toEqual(["pending"]);
});

test("what cannot be changed is refused before a large array is", async () => {
  const scene = await openSqliteScene();
  await scene.enqueueGroup({ id: "g" }, ...Array.from({ length: 2_001 }, (_, n) => ({ id: `j${n}` })));
  await scene.enqueue({ id: "ended" });
  const named = await findNamed(scene.store, ["g", "ended"], "cancel");
  // Meanwhile it ends.
  await scene.store.cancelJobs(["ended"], scene.time.now());
  await expect(findNamed(scene.store, ["g", "ended"], "cancel")).rejects.toMatchObject({
    code: "already_finished",
  });
  await expect(
    changeNamed(scene.store, named, { change: "cancel", now: scene.time.now() }),
  ).rejects.toMatchObject({ code: "already_finished" });
  expect((await scene.store.getGroup("g"))?.counts).toMatchObject({ cancelled: 0 });
});

test("what a retry of an array leaves out, it does not tell of", async () => {
  const scene = await openSqliteScene();
  await scene.enqueue({ id: "x" });
  const spare = { id: "spare", dependsOn: [{ on: "x", condition: "failed" as const }] };
  await scene.enqueueGroup({ id: "g" }, spare, { id: "other" });
  await scene.startWorker("w");
  await scene.finish("w", await scene.claimOne("w"));
  await scene.store.cancelJobs(["other"], scene.time.now());
  const options = { change: "retry", now: scene.time.now() } as const;
  const retry = async () =>
    await changeNamed(scene.store, await findNamed(scene.store, ["g"], "retry"), options);
  expect((await retry()).members.get("g")).toEqual({ kind: "array", ids: ["other"] });
  await expect(retry()).rejects.toMatchObject({ code: "not_finished" });
});

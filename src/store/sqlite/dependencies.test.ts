import { afterEach, describe, expect, test } from "vitest";
import { closeScenes, openSqliteScene } from "../../../tests/support/conformance.ts";

afterEach(closeScenes);

const after = (on: string) => [{ on, condition: "completed" as const }];

describe("each of an array for each of another", () => {
  test("is refused where it would hold everyone up", async () => {
    const scene = await openSqliteScene();
    await scene.enqueueGroup({ id: "first" }, ...jobs("f", 300));
    await expect(
      scene.enqueueGroup({ id: "then" }, ...jobs("t", 300, { dependsOn: after("first") })),
    ).rejects.toMatchObject({ code: "invalid_job", refusal: { kind: "too_many_dependencies" } });
    expect(await scene.store.getGroup("then"), "nothing was enqueued").toBeUndefined();
    await scene.enqueueGroup({ id: "fewer" }, ...jobs("t", 100, { dependsOn: after("first") }));
  });

  test("is not meant by one job for a large array, nor by a large array for that job", {
    timeout: 60_000,
  }, async () => {
    const scene = await openSqliteScene();
    await scene.enqueueGroup({ id: "first" }, ...jobs("f", 50_001));
    await scene.enqueue({ id: "between", dependsOn: after("first") });
    await scene.enqueueGroup({ id: "then" }, ...jobs("t", 50_001, { dependsOn: after("between") }));
    expect(await scene.states("between", "t50000")).toEqual(["blocked", "blocked"]);
  });
});

function jobs<T extends object>(prefix: string, count: number, given?: T) {
  return Array.from({ length: count }, (_, n) => ({ id: `${prefix}${n}`, ...given }));
}

import { describe, expect, test } from "vitest";
import type { FlowInput } from "../../src/index.ts";
import { expectRefused, LibraryScene, untyped } from "../support/library-queue.ts";

const BUILD: FlowInput = {
  name: "build",
  concurrency: 2,
  defaults: { maxRetries: 0, env: { A: "1" }, timeoutMs: 60_000 },
  steps: {
    fetch: { run: "true" },
    test: {
      argv: ["sh", "-c", 'test -e "$GOOD"'],
      needs: "fetch",
      env: { GOOD: "/nowhere" },
      timeoutMs: 1_500,
    },
    report: { run: "true", afterAny: ["test"], priority: 3 },
    alarm: { run: "true", afterFail: ["test"], delayMs: 50 },
  },
};

describe("flows", () => {
  test("run from an object, and are read with their steps", async () => {
    const { queue } = await LibraryScene.open();
    const started = await queue.flows.run(BUILD);
    expect(started).toEqual({
      id: expect.stringMatching(/^build-[0-9a-z]{6}$/),
      name: "build",
      state: "pending",
      done: 0,
      total: 4,
      concurrency: 2,
      createdAt: expect.any(Date),
    });
    const flow = await queue.flows.get(started.id);
    expect(flow).toMatchObject(started);
    expect(
      flow?.steps.map(({ name, needs, afterAny, afterFail }) => ({ name, needs, afterAny, afterFail })),
    ).toEqual([
      { name: "fetch", needs: [], afterAny: [], afterFail: [] },
      { name: "test", needs: ["fetch"], afterAny: [], afterFail: [] },
      { name: "report", needs: [], afterAny: ["test"], afterFail: [] },
      { name: "alarm", needs: [], afterAny: [], afterFail: ["test"] },
    ]);
    expect(flow?.steps.map(({ job }) => job)).toMatchObject([
      { id: `${started.id}.fetch`, state: "pending", maxRetries: 0, env: { A: "1" }, timeoutMs: 60_000 },
      {
        argv: ["sh", "-c", 'test -e "$GOOD"'],
        env: { A: "1", GOOD: "/nowhere" },
        timeoutMs: 1_500,
        state: "blocked",
      },
      { priority: 3, cwd: process.cwd() },
      { runAt: expect.any(Date) },
    ]);
  });

  test("run from the text of a flow file, under an id of one's own", async () => {
    const { queue } = await LibraryScene.open();
    const text = "name: x\nsteps:\n  a: { run: 'true' }\n  b: { run: 'true', needs: a }\n";
    expect(await queue.flows.run(text, { id: "mine" })).toMatchObject({ id: "mine", name: "x", total: 2 });
    await (await queue.work({ drain: true })).finished;
    expect(await queue.flows.get("mine")).toMatchObject({ state: "completed", done: 2 });
    await expectRefused(() => queue.flows.run(text, { id: "mine" }), { code: "duplicate_id" });
  });

  test("fail with a step, are retried, and are listed", async () => {
    const { queue } = await LibraryScene.open();
    await queue.flows.run(BUILD, { id: "b1" });
    await queue.flows.run({ name: "other", steps: { a: { run: "true" } } }, { id: "o1" });
    const worker = await queue.work();
    await queue.wait(["b1.test", "b1.report", "b1.alarm", "o1.a"]);
    await worker.stop();
    const flows = await queue.flows.list();
    expect(flows).toMatchObject([
      { id: "b1", state: "failed", done: 3 },
      { id: "o1", state: "completed", done: 1 },
    ]);
    expect(await queue.flows.list({ newest: 1 })).toEqual(flows.slice(1));
    await queue.flows.retry("b1");
    expect(await queue.flows.get("b1")).toMatchObject({ state: "running", done: 3 });
    await expectRefused(() => queue.flows.retry("o1"), { code: "not_finished" });
  });

  test("are cancelled, also while a step runs", async () => {
    const { queue } = await LibraryScene.open();
    await queue.flows.run(
      { name: "x", steps: { a: { run: "sleep 300" }, b: { run: "true", needs: "a" } } },
      { id: "x1" },
    );
    await queue.work();
    await expect.poll(async () => (await queue.get("x1.a"))?.state, { timeout: 60_000 }).toBe("processing");
    await queue.flows.cancel("x1");
    expect((await queue.get("x1.b"))?.state).toBe("cancelled");
    await queue.wait("x1.a");
    expect(await queue.flows.get("x1")).toMatchObject({ state: "cancelled", done: 0 });
    await expectRefused(() => queue.flows.cancel("x1"), { code: "already_finished" });
  });

  test("that are not there are refused, or undefined", async () => {
    const { queue } = await LibraryScene.open();
    await queue.enqueue({ id: "job", command: "true" });
    expect(await queue.flows.get("job")).toBeUndefined();
    expect(await queue.flows.list()).toEqual([]);
    for (const verb of ["cancel", "retry"] as const)
      await expectRefused(() => queue.flows[verb]("job"), {
        code: "flow_not_found",
        says: 'There is no flow "job"',
        remedy: /^All flows: queue\.flows\.list\(\)$/,
      });
    await expectRefused(() => queue.flows.get(untyped(5)), { code: "invalid_usage" });
    await expectRefused(() => queue.flows.run(BUILD, untyped({ id: "a b" })), { code: "invalid_usage" });
    await expectRefused(() => queue.flows.list(untyped({ limit: 1 })), { code: "invalid_usage" });
  });
});

describe("a flow is refused in the words of its author, and nothing is enqueued:", () => {
  const step = (fields: object) => ({ name: "x", steps: { a: { run: "true", ...fields } } });
  const endless: Record<string, unknown> = { run: "true" };
  endless["env"] = endless;

  test.each<[what: string, flow: unknown, says: string | RegExp, remedy: string]>([
    ["no object", 5, "flow: A flow is a mapping, not 5", "Write it like this"],
    [
      "an unknown field",
      step({ maxRetris: 1 }),
      'flow.steps.a.maxRetris: Unknown field "maxRetris"',
      "Did you mean maxRetries?",
    ],
    [
      "a file's name of a field",
      step({ max_retries: 1 }),
      'flow.steps.a.max_retries: Unknown field "max_retries"',
      "Did you mean maxRetries?",
    ],
    [
      "a wrong duration",
      step({ timeoutMs: -1 }),
      'flow.steps.a.timeoutMs: The field "timeoutMs" must be milliseconds',
      "",
    ],
    [
      "a wrong count",
      step({ maxRetries: -1 }),
      'flow.steps.a.maxRetries: The field "maxRetries" must be a whole number',
      "",
    ],
    [
      "a null",
      step({ afterAny: null }),
      'flow.steps.a.afterAny: The field "afterAny" has no value',
      "Give it one",
    ],
    [
      "an unknown step",
      step({ needs: ["a", "b"] }),
      /^flow has 2 faults, and nothing was enqueued$/,
      'flow.steps.a.needs[1]: There is no step "b".',
    ],
    [
      "a name in quotes",
      { name: "x", steps: { "a b": {} } },
      "flow has 2 faults",
      'flow.steps["a b"]: The step name "a b" is not allowed.',
    ],
    [
      "an unknown default",
      { ...step({}), defaults: { needs: "a" } },
      'flow.defaults.needs: Unknown field "needs"',
      "The fields are: maxRetries",
    ],
    ["what holds itself", { name: "x", steps: { a: endless } }, /nested more than 64 levels deep/, ""],
    [
      "too long a text",
      `#${"x".repeat(1_048_576)}`,
      "flow is larger than 1048576 bytes",
      "Make several flows",
    ],
    [
      "a step that runs queuectl",
      { name: "x", steps: { a: "queuectl list", b: {} } },
      "flow has 2 faults",
      'not "queuectl list"',
    ],
    ["text that is no flow", "name: x\nsteps: []\n", 'flow:2:8: The "steps" are a mapping', ""],
  ])("%s", async (_, flow, says, remedy) => {
    const { queue } = await LibraryScene.open();
    await expectRefused(() => queue.flows.run(untyped(flow)), { code: "invalid_flow", says, remedy });
    expect(await queue.counts()).toMatchObject({ pending: 0, blocked: 0 });
    expect(await queue.flows.list()).toEqual([]);
  });

  test("what is undefined is not there", async () => {
    const { queue } = await LibraryScene.open();
    const flow = {
      name: "x",
      concurrency: undefined,
      steps: { a: { run: "true", needs: undefined, cwd: undefined } },
    };
    expect(await queue.flows.run(flow)).toMatchObject({ total: 1, concurrency: null });
  });
});

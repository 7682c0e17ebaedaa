import { expect, test } from "vitest";
import { advise as adviseShell } from "../../src/cli/advise.ts";
import type { Refusal } from "../../src/domain/refusal.ts";
import type { ErrorCode, Queue } from "../../src/index.ts";
import { advise as adviseProgram } from "../../src/library/advise.ts";
import { expectRefused, LibraryScene } from "../support/library-queue.ts";

/** Jobs and groups that stand in each other's way; `flow` has completed, and what of `array` has not is cancelled. */
async function furnish({ queue }: LibraryScene): Promise<void> {
  await queue.enqueue([
    { id: "done", command: "true" },
    { id: "died", command: "false", maxRetries: 0 },
    { id: "stranded", command: "true", dependsOn: ["died"] },
  ]);
  await queue.flows.run({ name: "flow", steps: { one: { run: "true" } } }, { id: "flow" });
  await (await queue.work({ drain: true })).finished;
  await queue.enqueue([
    { id: "later", command: "true", delayMs: 3_600_000, unique: "u" },
    { id: "closed", command: "true", queue: "closed" },
  ]);
  await queue.enqueueArray({ id: "array", command: "true", delayMs: 3_600_000 }, { from: 1, to: 2 });
  const draining = queue.queues.drain("closed", { timeoutMs: 0 });
  await draining.catch(() => {});
  await queue.schedules.add({ name: "nightly", pattern: "0 3 * * *", job: { command: "true" } });
}

const REFUSALS: readonly [string, ErrorCode, string, (queue: Queue) => Promise<unknown>][] = [
  ["an id that is taken", "duplicate_id", "Choose another id", (queue) => queue.enqueue(job({ id: "done" }))],
  [
    "a unique name that is taken",
    "not_unique",
    'Wait for it: queue.wait("later"), or cancel it: queue.cancel("later"). With uniqueReturn it is the answer.',
    (queue) => queue.enqueue(job({ unique: "u" })),
  ],
  [
    "a unique name that stands twice in a list",
    "not_unique",
    "Leave all but one of them out.",
    (queue) => queue.enqueue([job({ unique: "v" }), job({ unique: "v" })]),
  ],
  [
    "a dependency that nobody knows",
    "unknown_dependency",
    "queue.list()",
    (queue) => queue.enqueue(job({ dependsOn: ["x"] })),
  ],
  [
    "a queue that is draining",
    "queue_draining",
    'queue.queues.resume("closed")',
    (queue) => queue.enqueue(job({ queue: "closed" })),
  ],
  ["a job that nobody knows", "job_not_found", "queue.list()", (queue) => queue.wait("nobody")],
  [
    "a group in place of a job",
    "job_not_found",
    'queue.list({ group: "array" })',
    (queue) => queue.wait("array"),
  ],
  ["a cancel too late", "already_finished", 'queue.retry("done")', (queue) => queue.cancel("done")],
  ["a retry too soon", "not_finished", 'queue.wait("later")', (queue) => queue.retry("later")],
  [
    "a retry of what is not dead",
    "not_dead",
    'queue.list({ state: "dead" })',
    (queue) => queue.retryDead("done"),
  ],
  ["a retry in vain", "dependency_failed", 'queue.retry("died")', (queue) => queue.retry("stranded")],
  [
    "a retry of a flow that completed",
    "not_finished",
    'Its jobs: queue.list({ group: "flow" })',
    (queue) => queue.flows.retry("flow"),
  ],
  [
    "a retry of an array that waits",
    "not_finished",
    'Its jobs: queue.list({ group: "array" })',
    (queue) => queue.retry("array"),
  ],
  [
    "a cancel of a flow that completed",
    "already_finished",
    'Its jobs: queue.list({ group: "flow" })',
    (queue) => queue.flows.cancel("flow"),
  ],
  ["a flow that nobody knows", "flow_not_found", "queue.flows.list()", (queue) => queue.flows.cancel("x")],
  [
    "a queue that nobody knows",
    "queue_not_found",
    "queue.queues.list()",
    (queue) => queue.queues.resume("x"),
  ],
  [
    "a schedule that nobody knows",
    "schedule_not_found",
    "queue.schedules.list()",
    (queue) => queue.schedules.run("x"),
  ],
  [
    "a schedule that exists",
    "duplicate_schedule",
    "replace: true",
    (queue) => queue.schedules.add({ name: "nightly", pattern: "@daily", job: { command: "true" } }),
  ],
  [
    "a limit of 0",
    "invalid_queue",
    'queue.queues.pause("media")',
    (queue) => queue.queues.set("media", { concurrency: 0 }),
  ],
  [
    "a rate of 0",
    "invalid_queue",
    "queue.queues.pause(name)",
    (queue) => queue.queues.set("media", { rate: "0/s" }),
  ],
];

function job<O extends object>(options: O): O & { command: string } {
  return { command: "true", ...options };
}

test("whatever is refused, a program is advised in calls that it can make", async () => {
  const scene = await LibraryScene.open();
  await furnish(scene);
  for (const [what, code, remedy, call] of REFUSALS) {
    const refused = expectRefused(() => call(scene.queue), { code, remedy });
    await expect(refused, what).resolves.toBeUndefined();
  }
});

test("a run in its way is named", async () => {
  const { queue } = await LibraryScene.open();
  await queue.schedules.add({ name: "nightly", pattern: "0 3 * * *", job: { command: "true" } });
  const { id } = await queue.schedules.run("nightly");
  await expectRefused(() => queue.schedules.run("nightly"), {
    code: "not_finished",
    remedy: `cancel it first: queue.cancel("${id}"). With another overlap`,
  });
});

test("too many dependencies are advised about as what the program has", () => {
  const refusal: Refusal = { kind: "too_many_dependencies", id: "a" };
  expect(adviseShell(refusal)).toContain("queuectl enqueue --id between --after FIRST");
  expect(adviseProgram(refusal)).toMatch(/^Let one job in between depend on all of the first/);
});

test("what a refusal carries comes through", async () => {
  const { queue } = await LibraryScene.open();
  await queue.enqueue({ id: "a", command: "true" });
  const refused = queue.enqueue([{ command: "true" }, { id: "a", command: "true" }]);
  await expect(refused).rejects.toMatchObject({ code: "duplicate_id", position: 2 });
});

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { buildWorker } from "../../../tests/support/build-job.ts";
import { closeScenes, makeDirectory } from "../../../tests/support/conformance.ts";
import { openStore } from "../open-store.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "./migrate.ts";
import first from "./migrations/0001_jobs_workers_config.sql";
import second from "./migrations/0002_cancel_late_results_suspects.sql";
import third from "./migrations/0003_retention.sql";
import fourth from "./migrations/0004_execution_usage.sql";
import fifth from "./migrations/0005_pools.sql";
import sixth from "./migrations/0006_gates_groups_dependencies.sql";
import seventh from "./migrations/0007_schedules.sql";
import { MIGRATIONS } from "./migrations.ts";

afterEach(closeScenes);

/** A store as the release before gates and groups left it, with a job that waits, one that runs, and one that is dead. */
async function makeOldStore(): Promise<string> {
  const path = join(await makeDirectory(), "queue.db");
  const db = new DatabaseSync(path);
  for (const migration of [first, second, third, fourth, fifth]) db.exec(migration);
  db.exec(`
    INSERT INTO store (id) VALUES ('old');
    INSERT INTO jobs (id, command, state, reason, queue, max_retries, due_at, created_at, updated_at) VALUES
      ('waits', 'true', 'pending', NULL, 'mail', 3, 1, 1, 1),
      ('runs', 'true', 'processing', NULL, 'mail', 3, 1, 1, 1),
      ('died', 'true', 'dead', 'policy', 'media', 3, 1, 1, 1);
    PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 5;`);
  db.close();
  return path;
}

test("a store of the release before is upgraded with its jobs: what waits is claimed, what runs counts", async () => {
  const path = await makeOldStore();
  const store = await openStore(path);
  await store.changeQueue("mail", { maxRunning: 1 });
  await store.registerWorker(buildWorker("w"), 1);
  const request = { worker: "w", limit: 5, queues: null, now: 10, outputLimitBytes: 1_024 };
  expect((await store.claim(request)).claims).toEqual([]);
  await store.changeQueue("mail", { maxRunning: 2 });
  expect((await store.claim(request)).claims).toMatchObject([
    { job: { id: "waits", dependsOn: [], group: null } },
  ]);
  await store.close();

  const db = new DatabaseSync(path);
  expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  db.exec("UPDATE jobs SET reason = 'expired' WHERE id = 'died'");
  expect(() => db.exec("UPDATE jobs SET reason = 'boredom' WHERE id = 'died'")).toThrow(
    "CHECK constraint failed",
  );
  db.close();
});

test("a store of the last schema is upgraded as it stands: held back, paced, and waiting for what cannot come", async () => {
  const path = join(await makeDirectory(), "queue.db");
  const db = new DatabaseSync(path);
  db.enableDefensive?.(false);
  for (const migration of [first, second, third, fourth, fifth, sixth, seventh]) db.exec(migration);
  db.exec(`
    INSERT INTO store (id) VALUES ('old');
    INSERT INTO jobs (id, command, state, reason, queue, max_retries, due_at, created_at, updated_at) VALUES
      ('held', 'true', 'pending', NULL, 'full', 3, 1, 1, 1),
      ('paced', 'true', 'pending', NULL, 'paced', 3, 1, 1, 1),
      ('lost', 'true', 'cancelled', NULL, 'other', 3, 1, 1, 1),
      ('open', 'true', 'blocked', NULL, 'other', 3, 1, 1, 1),
      ('waits', 'true', 'dead', 'dependency', 'other', 3, 1, 1, 1);
    INSERT INTO gates (scope, name, max_running, running) VALUES ('queue', 'full', 1, 0);
    INSERT INTO gates (scope, name, rate_starts, rate_period_ms, started) VALUES ('queue', 'paced', 1, 100, 1);
    INSERT INTO gate_starts (queue, number, at) VALUES ('paced', 1, 50);
    UPDATE lanes SET asleep_until = 150, held_back = 1 WHERE queue = 'paced';
    UPDATE gates SET stirred = 1 WHERE name = 'full';
    UPDATE lanes SET asleep_until = 9007199254740991, held_back = 1 WHERE queue = 'full';
    INSERT INTO dependencies (job, on_job, condition) SELECT seq, 3, 'completed' FROM jobs WHERE id = 'waits';
    INSERT INTO dependencies (job, on_job, condition) SELECT seq, 4, 'completed' FROM jobs WHERE id = 'waits';
    PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 7;`);
  db.close();
  const store = await openStore(path);
  await store.registerWorker(buildWorker("w"), 1);
  const claimAt = async (now: number) =>
    (await store.claim({ worker: "w", limit: 5, queues: null, now, outputLimitBytes: 1_024 })).claims.map(
      ({ job }) => job.id,
    );
  expect(await claimAt(100)).toEqual(["held"]);
  expect(await claimAt(200)).toEqual(["paced"]);
  await store.retryJobs(["lost"], { change: "retry", now: 200 });
  expect((await store.getJob("waits"))?.state).toBe("blocked");
  await store.close();
});

test("the schema's version counts its migrations", () => {
  expect(MIGRATIONS).toHaveLength(SCHEMA_VERSION);
});

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

test("the schema's version counts its migrations", () => {
  expect(MIGRATIONS).toHaveLength(SCHEMA_VERSION);
});

import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { buildJob } from "../../../tests/support/build-job.ts";
import { closeScenes, makeDirectory } from "../../../tests/support/conformance.ts";
import type { OverlapPolicy } from "../../domain/schedule.ts";
import { Database } from "./database.ts";
import { fire } from "./firings.ts";
import { migrate } from "./migrate.ts";
import { put } from "./schedules.ts";

afterAll(closeScenes);

test.each<OverlapPolicy>(["skip", "queue", "replace"])(
  "a firing with `%s` reads what is unfinished of its schedule, however much is kept",
  async (overlap) => {
    const db = new Database(join(await makeDirectory(), "queue.db"), { patienceMs: 0, readOnly: false });
    await migrate(db, { readOnly: false });
    const schedule = { name: "s", pattern: "@hourly", zone: "UTC", catchUp: "one", job: "{}" } as const;
    await put(db, { ...schedule, overlap, createdAt: 0, nextAt: 1 }, null);
    const prepare = vi.spyOn(db, "prepare");
    const job = buildJob({ group: { kind: "schedule", id: "s", member: "1" } });
    const fired = await fire(db, {
      kind: "due",
      name: "s",
      createdAt: 0,
      expectedNextAt: 1,
      nextAt: 2,
      runs: [{ instant: 1, job }],
      missed: [],
      refused: [],
      now: 1,
    });
    expect(fired).toMatchObject([{ outcome: "fired" }]);
    const reads = prepare.mock.calls.map(([sql]) => sql).filter((sql) => sql.includes("group_id = ?1"));
    expect(reads).not.toEqual([]);
    for (const sql of reads) {
      const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
      const ofJobs = steps.map(({ detail }) => String(detail)).filter((detail) => detail.includes("jobs"));
      for (const detail of ofJobs)
        expect(detail).toMatch(/^SEARCH jobs USING INDEX jobs_by_group \(group_id=\? AND state=\?\)$/);
    }
    db.close();
  },
);

import { expect } from "vitest";
import { expectRefusal } from "../support/expect-refusal.ts";
import { type Home, homeForTest } from "../support/queuectl.ts";
import { byHand, fingerprint } from "../support/sqlite-file.ts";
import { enqueueHeld, jobWhen, readExecutions, showWorkers } from "../support/worker-home.ts";
import { fault, times } from "./support/fault.ts";
import { NextVersion } from "./support/next-version.ts";

fault(
  "of programs that upgrade a store at the same moment one does, and an older one refuses it from then on, untouched",
  { row: "20 upgrade", target: "50 times: migrate once; the old program refuses the new schema" },
  async ({ rounds, record }) => {
    const next = await NextVersion.build(homeForTest().root);
    const upgrades = rounds(50, 1);
    const PROGRAMS = 4;
    for (let round = 1; round <= upgrades; round++) {
      const home = homeForTest();
      const before = await makeOldStore(home);
      const schema = schemaOf(home);
      const ids = Array.from({ length: PROGRAMS }, (_, index) => `new-${index}`);
      const enqueued = await Promise.all(
        ids.map((id) => next.run(home, "enqueue", "--quiet", "--id", id, "--delay", "1h", "true")),
      );
      expect(enqueued.map(({ exitCode }) => exitCode)).toEqual(ids.map(() => 0));
      expect(schemaOf(home)).toEqual({
        version: schema.version + 1,
        columns: [...schema.columns, "added_later"],
      });
      // What was there is there, the history too.
      expect(JSON.parse((await next.run(home, "info", "done", "--json")).stdout)).toEqual(before);

      const untouched = fingerprint(home.db);
      for (const verb of [["list"], ["status"], ["enqueue", "true"], ["worker", "start"], ["config", "list"]])
        expectRefusal(await home.run(verb), {
          exitCode: 6,
          says: "was written by a newer queuectl",
          remedy: "Upgrade this queuectl",
        });
      expect(fingerprint(home.db)).toEqual(untouched);
    }
    record(
      `${upgrades} stores, ${PROGRAMS} programs at once: migrated once each; ${5 * upgrades} refusals by the old one`,
    );
  },
);

fault(
  "a store at which older workers are at work is not upgraded, and they are named; one that missed it leaves by itself",
  { row: "20 workers", target: "50 times: refused with the workers named, or migrated once" },
  async ({ rounds, record }) => {
    const next = await NextVersion.build(homeForTest().root);
    const left: number[] = [];
    const refusals = rounds(50, 1);
    for (let round = 1; round <= refusals; round++) {
      const home = homeForTest();
      const old = await home.startWorker(["--lease-timeout", "3s"]);
      const schema = schemaOf(home);
      const job = await enqueueHeld(home, "held");
      await job.started();
      const [worker] = await showWorkers(home);
      for (const verb of [["list"], ["enqueue", "true"], ["worker", "start"]])
        expectRefusal(await next.run(home, ...verb), {
          exitCode: 6,
          says: `must be upgraded, but workers of an older queuectl are at work on it: ${worker?.id} (PID ${old.pid})`,
          remedy: `kill ${old.pid}`,
        });
      expect(schemaOf(home)).toEqual(schema);
      expect((await showWorkers(home))[0]).toMatchObject({ id: worker?.id, current_jobs: ["held"] });

      // Asleep for longer than its lease: nobody can tell that it will come back.
      old.kill("SIGSTOP");
      await upgradeWhenAllowed(home, next);
      old.kill("SIGCONT");
      const backAt = performance.now();
      const { exitCode, stderr } = await old.ended();
      left.push(performance.now() - backAt);
      expect(exitCode).toBe(6);
      expect(stderr).toContain("was written by a newer queuectl");
      job.letGo();
      const drained = await next.run(home, "worker", "start", "--drain", "--quiet");
      expect(drained).toMatchObject({ exitCode: 0 });
      await jobWhen(home, "held", "completed");
      expect(readExecutions(home, "held").map(({ outcome }) => outcome)).toEqual(["lost", "succeeded"]);
    }
    record(`${3 * refusals} upgrades refused by name; back after an upgrade to exit 6: ${times(left)}`);
  },
);

/** A store of this version with a history; gives what is known of a job in it. */
async function makeOldStore(home: Home): Promise<unknown> {
  await home.ok("enqueue", "--id", "done", "--max-retries", "0", "echo out; exit 3");
  await home.ok("enqueue", "--id", "later", "--delay", "1h", "true");
  await home.drain("--quiet");
  return await home.json("info", "done");
}

async function upgradeWhenAllowed(home: Home, next: NextVersion): Promise<void> {
  for (;;) {
    const { exitCode, stderr } = await next.run(home, "list");
    if (exitCode === 0) return;
    expect(stderr).toContain("are at work on it");
  }
}

function schemaOf({ db }: Home): { version: number; columns: unknown[] } {
  return byHand(db, (database) => ({
    version: database.prepare("PRAGMA user_version").get()?.["user_version"] as number,
    columns: database
      .prepare("PRAGMA table_info(jobs)")
      .all()
      .map(({ name }) => name),
  }));
}

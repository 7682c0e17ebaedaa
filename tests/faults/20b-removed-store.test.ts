import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished } from "vitest";
import { type Home, homeForTest } from "../support/queuectl.ts";
import { byHand } from "../support/sqlite-file.ts";
import { enqueueHeld } from "../support/worker-home.ts";
import { fault, times } from "./support/fault.ts";

const HEARTBEAT_MS = 500;
const LEASE = ["--lease-timeout", `${(3 * HEARTBEAT_MS) / 1_000}s`];
const SIDE_FILES = ["", "-wal", "-shm"];

/** What may happen to the file, and what then is to be found in its place. */
const HAPPENINGS: readonly Happening[] = [
  { name: "removed", happen: remove },
  { name: "moved", happen: move },
  { name: "replaced", happen: replace },
];

interface Happening {
  name: string;
  /** Gives the ids of the jobs in what is there instead; undefined when nothing is. */
  happen(home: Home): Promise<string[] | undefined>;
}

for (const { name, happen } of HAPPENINGS) {
  fault(
    `a worker whose database was ${name} exits 6, and writes neither to that file nor to another one`,
    {
      row: `20b ${name}`,
      target: "20 times: noticed within a heartbeat, exit 6, nothing written to a deleted file afterwards",
    },
    async ({ rounds, record }) => {
      const samples: number[] = [];
      // In turn: nothing happens meanwhile, and a result comes when the file is gone.
      for (let round = 0; round < rounds(20, 2); round++)
        samples.push(await takeAway(happen, { endsMeanwhile: round % 2 === 1 }));
      record(`a heartbeat each ${HEARTBEAT_MS} ms; taken away to ended: ${times(samples)}; bytes written: 0`);
    },
  );
}

/** Gives the time until the worker was gone. */
async function takeAway(
  happen: Happening["happen"],
  { endsMeanwhile }: { endsMeanwhile: boolean },
): Promise<number> {
  const home = homeForTest();
  const worker = await home.startWorker(LEASE);
  const job = await enqueueHeld(home, "held");
  await job.started();
  // The kernel keeps a file while somebody has it open, whatever has become of its name.
  const old = ["", "-wal"].map((side) => openSync(home.db + side, "r"));
  const takenAt = performance.now();
  const theirs = await happen(home);
  const before = old.map(contentOf);
  if (endsMeanwhile) job.letGo();

  const { exitCode, stderr } = await worker.ended();
  const tookMs = performance.now() - takenAt;
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 6,
    stderr: expect.stringContaining("was removed or replaced"),
  });
  expect(old.map((descriptor, index) => before[index]?.equals(contentOf(descriptor)))).toEqual([true, true]);
  for (const descriptor of old) closeSync(descriptor);
  if (theirs) expect(readWhole(home)).toEqual(theirs);
  else expect(SIDE_FILES.filter((side) => existsSync(home.db + side))).toEqual([]);
  return tookMs;
}

/** Opens what a descriptor leads to once more, and reads it from its beginning. */
function contentOf(descriptor: number): Buffer {
  return readFileSync(`/proc/self/fd/${descriptor}`);
}

async function remove({ db }: Home): Promise<undefined> {
  for (const side of SIDE_FILES) rmSync(db + side, { force: true });
}

async function move({ db }: Home): Promise<undefined> {
  for (const side of SIDE_FILES) renameSync(db + side, `${db}.old${side}`);
}

/** Somebody begins anew at the same place, and is at work there: what was written last is in the WAL alone. */
async function replace(home: Home): Promise<string[]> {
  await remove(home);
  await home.ok("enqueue", "--id", "theirs", "true");
  const other = new DatabaseSync(home.db);
  onTestFinished(() => other.close());
  other.exec("PRAGMA wal_autocheckpoint = 0; UPDATE jobs SET id = 'theirs-too' WHERE id = 'theirs'");
  return ["theirs-too"];
}

/** The ids in the store that is there now, once it is known to be sound. */
function readWhole(home: Home): string[] {
  return byHand(home.db, (database) => {
    expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    return database
      .prepare("SELECT id FROM jobs")
      .all()
      .map(({ id }) => id as string);
  });
}

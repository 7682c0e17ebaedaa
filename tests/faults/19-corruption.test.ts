import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Home, homeForTest } from "../support/queuectl.ts";
import { fault } from "./support/fault.ts";

/** Ways in which a file goes bad. Each leaves something of it. */
const MUTATIONS: readonly ((path: string, random: () => number) => void)[] = [
  (path, random) => flip(path, random, 1),
  (path, random) => flip(path, random, 64),
  // The first page holds the header and the schema.
  (path, random) => flip(path, () => random() / 16, 8),
  (path, random) => truncateSync(path, 1 + Math.floor(random() * (readFileSync(path).length - 1))),
  (path, random) => overwrite(path, random, 4_096),
  (path) => writeFileSync(path, "this is a text of somebody's\n"),
  (path) => truncateSync(path, 0),
];

fault(
  "a damaged store is refused or read, never recreated, and nothing crashes",
  { row: "19", target: "2,000 mutations: exit 6, no crash, no silent recreation", limitMs: 240_000 },
  async ({ rounds, random, record }) => {
    const home = homeForTest();
    const jobs = Array.from({ length: 300 }, (_, index) =>
      JSON.stringify({ id: `job-${index}`, command: "true", tags: ["a"], env: { A: "x".repeat(100) } }),
    );
    await home.ok("enqueue", "--quiet", "--file", home.write("jobs.jsonl", jobs.join("\n")));
    await home.ok("worker", "start", "--drain", "--concurrency", "8", "--quiet");
    const tally = { refused: 0, read: 0 };
    for (let round = 0; round < rounds(2_000, 4 * MUTATIONS.length); round++) {
      const db = copyStore(home);
      MUTATIONS[round % MUTATIONS.length]?.(db, random);
      const spoilt = readFileSync(db);
      const listed = await home.run(["list", "--json", "--db", db]);
      const isRead = listed.exitCode === 0 && isWhole(listed.stdout, jobs.length);
      if (listed.exitCode !== 0) expectRefusal(listed);
      tally[isRead ? "read" : "refused"] += 1;
      const added = await home.run(["enqueue", "--quiet", "--id", "one-more", "true", "--db", db]);
      if (added.exitCode !== 0) expectRefusal(added);
      // Whether or not it could be used, what was in it is in it still: damage on one page leaves the others usable.
      const left = readFileSync(db);
      expect(left.length).toBeGreaterThanOrEqual(spoilt.length);
      // SQLite may set the header's journal mode right; behind it nothing changes.
      if (!isRead && added.exitCode !== 0) expect(left.subarray(100).equals(spoilt.subarray(100))).toBe(true);
    }
    expect(tally.refused).toBeGreaterThan(0);
    record(
      `${tally.refused + tally.read} mutations: ${tally.refused} refused with exit 6, ${tally.read} without effect on what was read`,
    );
  },
);

interface Seen {
  exitCode: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

function expectRefusal({ exitCode, signal, stderr }: Seen): void {
  expect({ exitCode, signal, stderr }).toEqual({ exitCode: 6, signal: null, stderr: expect.any(String) });
  expect(stderr).not.toMatch(/Something went wrong|\n\s+at /);
}

function isWhole(stdout: string, count: number): boolean {
  const jobs: unknown = JSON.parse(stdout);
  return Array.isArray(jobs) && jobs.length === count;
}

function copyStore(home: Home): string {
  const directory = join(home.cwd, "spoilt");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, "queue.db.d"), { recursive: true });
  expect(existsSync(`${home.db}-wal`)).toBe(false);
  copyFileSync(home.db, join(directory, "queue.db"));
  return join(directory, "queue.db");
}

function flip(path: string, random: () => number, count: number): void {
  const bytes = readFileSync(path);
  for (let n = 0; n < count; n++) {
    const at = Math.floor(random() * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  }
  writeFileSync(path, bytes);
}

function overwrite(path: string, random: () => number, length: number): void {
  const bytes = readFileSync(path);
  const from = Math.floor(random() * (bytes.length - length));
  for (let at = from; at < from + length; at++) bytes[at] = Math.floor(random() * 256);
  writeFileSync(path, bytes);
}

import { chmodSync, chownSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildJob } from "../../../tests/support/build-job.ts";
import { makeDirectory } from "../../../tests/support/conformance.ts";
import { inAnotherProgram } from "../../../tests/support/other-program.ts";
import { openStore } from "../open-store.ts";

test("lock drop", async () => {
  const dir = await makeDirectory();
  const path = join(dir, "queue.db");
  const s1 = await openStore(path);
  await s1.enqueue([buildJob({ id: "a" })]);
  const s2 = await openStore(path);
  console.log(readdirSync(dir));
  console.log(await inAnotherProgram({ path, enqueue: ["b"] }));
  console.log(readdirSync(dir));
  await s1.enqueue([buildJob({ id: "c" })]);
  console.log(await inAnotherProgram({ path }));
  await s2.close();
  await s1.close();
  console.log(await inAnotherProgram({ path }));
});
test("ro", async () => {
  for (const [fm, dm, own] of [
    [0o444, 0o755, false],
    [0o400, 0o700, true],
    [0o444, 0o555, true],
    [0o444, 0o777, false],
  ] as const) {
    const dir = await makeDirectory();
    const path = join(dir, "queue.db");
    const s1 = await openStore(path);
    await s1.enqueue([buildJob({ id: "a" })]);
    await s1.close();
    chmodSync(path, fm);
    chmodSync(dir, dm);
    if (own) {
      chownSync(path, 65534, 65534);
      chownSync(dir, 65534, 65534);
    }
    console.log(
      fm.toString(8),
      dm.toString(8),
      own,
      await inAnotherProgram({ path, access: "read", uid: 65534 }),
      await inAnotherProgram({ path, enqueue: ["z"], uid: 65534 }),
      readdirSync(dir),
    );
  }
});

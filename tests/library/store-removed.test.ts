import { copyFileSync, renameSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { openQueue } from "../../src/index.ts";
import { expectRefused, LibraryScene } from "../support/library-queue.ts";

const LOSSES: [string, (db: string) => void][] = [
  ["renamed", (db) => renameSync(db, `${db}.away`)],
  ["removed", (db) => rmSync(db)],
  [
    "replaced by another",
    (db) => {
      copyFileSync(db, `${db}.copy`);
      renameSync(`${db}.copy`, db);
    },
  ],
];

test.each(LOSSES)("once its file was %s, a queue acknowledges nothing more", async (_, lose) => {
  const { queue, db } = await LibraryScene.open();
  await queue.enqueue({ id: "dead", command: "exit 1", maxRetries: 0 });
  await (await queue.work({ drain: true })).finished;
  lose(db);
  await expectRefused(() => queue.enqueue({ id: "late", command: "true" }), {
    code: "store_removed",
    says: db,
  });
  await expectRefused(() => queue.retryDead("dead"), { code: "store_removed", says: db });
  await using now = await openQueue({ db });
  expect(await now.get("late")).toBeUndefined();
});

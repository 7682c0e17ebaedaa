import { expect, test } from "vitest";
import { expectRefusal } from "../support/expect-refusal.ts";
import { type Home, homeForTest, until } from "../support/queuectl.ts";

/** A worker with a job of the key that runs, and others that wait for it. */
async function homeWithHeldKey(limit: number): Promise<Home> {
  const home = homeForTest();
  await home.ok(
    "enqueue",
    "--quiet",
    "--id",
    "h",
    "--key",
    "host=db1",
    "--key-limit",
    `${limit}`,
    "sleep 300",
  );
  await home.ok("enqueue", "--quiet", "--array", "1-3", "--id", "a", "--key", "host=db1", "sleep 300");
  await home.ok("enqueue", "--quiet", "--key", "two words", "true");
  await home.startWorker(["--concurrency", "8"]);
  await until(
    async () =>
      (await home.json<{ state: string }>("info", `a.${limit}`)).state === "pending" &&
      (await home.ok("list", "--state", "processing")).split("\n").length === limit + 1,
    "as many to run as may",
  );
  return home;
}

test("keys are listed with their limit and what waits, and a limit that is set lets go on what waits", async () => {
  const home = await homeWithHeldKey(2);
  expect(await home.ok("key", "list")).toBe("host=db1\t2\t2\t2\ntwo words\t0\t1\t0\n");
  expect((await home.terminal(["key", "list", "--no-color"])).stdout).toMatch(
    /^KEY +RUNNING +LIMIT +WAITING\nhost=db1 +2 +2 +2\ntwo words +0 +1 +0\n$/,
  );
  expect(await home.ok("status")).toContain("Held back: 2 behind a key\n");
  expect(await home.json("status")).toMatchObject({ behind_keys: 2 });
  expect(await home.json("explain", "a.3")).toMatchObject({
    gates: expect.arrayContaining([
      expect.objectContaining({ kind: "key", closed: true, remedy: "queuectl key set host=db1 --limit 3" }),
    ]),
  });
  expect(await home.ok("key", "set", "host=db1", "--limit", "3")).toBe(
    "✅ Key host=db1 runs at most 3 at once.\n",
  );
  await until(
    async () => (await home.ok("key", "list")).startsWith("host=db1\t3\t3\t1\n"),
    "one more to run",
  );
  expect(await home.json("key", "set", "host=db1", "--limit", "none")).toMatchObject([
    { name: "host=db1", closed: null, limit: null },
  ]);
  await until(async () => (await home.ok("key", "list")).startsWith("host=db1\t4\t-\t0\n"), "all to run");
});

test("a key that no job has, and a limit that is none, are refused", async () => {
  const home = homeForTest();
  expect((await home.terminal(["key", "list"])).stdout).toContain("There are no keys.");
  await home.ok("enqueue", "--quiet", "--key", "host=db1", "true");
  expectRefusal(await home.run(["key", "set", "host=db2", "--limit", "2"]), {
    exitCode: 4,
    says: 'There is no key "host=db2"',
    remedy: "Did you mean host=db1?",
  });
  expectRefusal(await home.run(["key", "set", "x", "--limit", "2"]), {
    exitCode: 4,
    says: 'There is no key "x"',
    remedy: "queuectl key list",
  });
  for (const limit of ["0", "-1", "x", "1.5"])
    expectRefusal(await home.run(["key", "set", "host=db1", "--limit", limit]), {
      exitCode: 1,
      says: `--limit must be a whole number of at least 1, not "${limit}"`,
    });
  expectRefusal(await home.run(["key", "set", "host=db1"]), {
    exitCode: 1,
    says: 'Nothing was given to be set of the key "host=db1"',
    remedy: "--limit N",
  });
  expect(await home.ok("key", "list")).toBe("host=db1\t0\t1\t1\n");
});

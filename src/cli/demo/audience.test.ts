import { expect, test } from "vitest";
import { buildStoredJob } from "../../../tests/support/build-job.ts";
import { fakeIo } from "../../../tests/support/fake-io.ts";
import { parse } from "../parse.ts";
import { audienceFor } from "./audience.ts";

/** What a terminal of this width gets while a job of the tour waits for its retry. */
function seenWaiting(columns: number): string {
  const io = fakeIo({ columns });
  const parsed = parse(["demo"]);
  if (parsed.kind !== "run") throw new Error("demo is a verb");
  const job = buildStoredJob({ id: "report", maxRetries: 2, attempts: 2, error: "exit code 1" });
  const audience = audienceFor(parsed.invocation, io);
  for (const leftMs of [2_000, 1_950, 1_900]) audience.waiting(job, leftMs);
  audience.waited();
  return io.stdout.text;
}

test("a wait is counted down in place", () => {
  const said = "report: failure 2 of 3 (exit code 1). Again in";
  expect(seenWaiting(80)).toBe(`\r${said} 2.0 s \r${said} 1.9 s \n`);
});

test("a wait whose line would wrap is announced once", () => {
  expect(seenWaiting(40)).toBe("report: failure 2 of 3 (exit code 1). Again in 2 s.\n");
});

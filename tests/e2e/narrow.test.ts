import { expect, test } from "vitest";
import { textWidth } from "../../src/cli/render/text-width.ts";
import { homeForTest } from "../support/queuectl.ts";

const LONG = `echo ${"a-word-of-a-long-command ".repeat(8)}`;
const QUEUE = "a-queue-with-a-name-that-has-no-room-in-forty-columns";
const SCHEDULES = ["nightly-backup-of-everything-1", "nightly-backup-of-everything-2"];

test("no view is wider than its terminal, and what tells one row from another is kept whole", async () => {
  const home = homeForTest();
  const steps = {
    fetch: { run: `${LONG}; exit 3`, max_retries: 0 },
    "build-the-whole-program": { run: "true", needs: ["fetch"] },
    pack: { run: "true", needs: ["fetch", "build-the-whole-program"] },
  };
  home.write("flow.yaml", JSON.stringify({ name: "build", steps }));
  await home.ok("flow", "run", "flow.yaml", "--id", "build-1");
  await home.drain();
  await home.ok("enqueue", "--id", "a", "--queue", QUEUE, LONG);
  await home.ok("queue", "pause", QUEUE);
  for (const name of SCHEDULES)
    await home.ok("schedule", "add", name, "0 3 * * *", "--tz", "America/Argentina/Buenos_Aires", LONG);
  const [first = ""] = SCHEDULES;
  const lines = [
    ["list"],
    ["status"],
    ["info", "a"],
    ["explain", "a"],
    ["explain", "build-1"],
    ["dlq", "list"],
    ["queue", "list"],
    ["flow", "list"],
    ["flow", "show", "build-1"],
    ["schedule", "list"],
    ["schedule", "show", first],
    ["schedule", "next", first, "--count", "2"],
    ["schedule", "history", first],
  ];
  const screens = new Map<string, string>();
  for (const columns of [40, 80])
    for (const line of lines) {
      const { stdout } = await home.terminal([...line, "--no-color"], { columns, stderrApart: true });
      const what = `${line.join(" ")} at ${columns} columns`;
      screens.set(what, stdout);
      for (const shown of stdout.split("\n"))
        expect(textWidth(shown), `${what}: ${shown}`).toBeLessThanOrEqual(columns);
      expect(stdout, what).not.toMatch(/^ *[.,:;]$/m);
    }
  expect(screens.get("list at 40 columns")).toMatch(/^build-1\.build-the-whole-program +dead\n/m);
  expect(screens.get("list at 80 columns")).toMatch(/^a +echo a.+… +pending +0\/4/m);
  for (const name of SCHEDULES)
    expect(screens.get("schedule list at 80 columns")).toMatch(new RegExp(`^${name} `, "m"));
  const remedy = screens.get("explain a at 40 columns")?.replaceAll("\\\n", "");
  expect(remedy).toContain(`\nqueuectl queue resume ${QUEUE}\n`);
});

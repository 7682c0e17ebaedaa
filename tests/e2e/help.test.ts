import { expect, test } from "vitest";
import { homeForFile } from "../support/queuectl.ts";

const home = homeForFile();

test("it runs", async () => {
  expect(await home.ok("--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(await home.terminal(["list"])).toMatchObject({ exitCode: 0 });
  const worker = await home.startWorker();
  await home.ok("enqueue", "sleep 100");
  await worker.printed("Claimed");
  console.log(home.processes());
});

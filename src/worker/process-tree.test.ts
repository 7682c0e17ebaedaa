import { randomUUID } from "node:crypto";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { findByVariable } from "./platform.ts";
import { killMarked } from "./process-tree.ts";

vi.mock("./platform.ts", () => ({ findByVariable: vi.fn() }));

const look = vi.mocked(findByVariable);

beforeEach(() => {
  look.mockReset();
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

test("a pass that had no descriptor left to look with does not count as one that found nobody", async () => {
  const nobody = new Map<string, number[]>();
  const blind = Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" });
  look.mockResolvedValueOnce(nobody).mockRejectedValueOnce(blind).mockResolvedValue(nobody);
  const done = killMarked(`test-${randomUUID()}`);
  await vi.advanceTimersByTimeAsync(1_000);
  await done;
  expect(look).toHaveBeenCalledTimes(4);
});

test("a search that can never look is given up", async () => {
  look.mockRejectedValue(new Error("EMFILE: too many open files"));
  const done = killMarked(`test-${randomUUID()}`);
  await vi.advanceTimersByTimeAsync(10_000);
  await done;
});

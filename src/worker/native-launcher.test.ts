import { type ChildProcess, spawn } from "node:child_process";
import { expect, test, vi } from "vitest";
import { LAUNCHER } from "../../scripts/build-launcher.ts";
import { HAS_NATIVE } from "../../tests/support/launchers.ts";
import { until } from "../../tests/support/queuectl.ts";
import { childrenOf, kill } from "../../tests/support/worker-processes.ts";
import type { ProcessEnd } from "./launcher.ts";
import { NativeLauncher } from "./native-launcher.ts";

vi.mock("node:child_process", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:child_process")>();
  return { ...original, spawn: vi.fn(original.spawn) };
});

async function run(launcher: NativeLauncher): Promise<{ end: ProcessEnd; isNative: boolean }> {
  const program = { argv: ["true"], cwd: undefined, env: process.env, isVerbatim: false, stdin: null };
  const launched = launcher.launch(program, () => undefined);
  const end = await launched.ended;
  await launched.finish();
  return { end, isNative: launched.usage !== null };
}

/** As when the system has no room for another process. */
function refuseNextProcess(): void {
  const real = vi.mocked(spawn).getMockImplementation() as (...given: unknown[]) => ChildProcess;
  vi.mocked(spawn).mockImplementationOnce(((_: string, ...given: unknown[]) => {
    const child = real("/no/such/program", ...given);
    child.prependListener("error", (error) => Object.assign(error, { code: "EAGAIN" }));
    return child;
  }) as typeof spawn);
}

test.runIf(HAS_NATIVE)("a launcher that there was no room for is tried again after a while", async () => {
  const exited = { kind: "exited", exitCode: 0 };
  const before = childrenOf(process.pid);
  const launcher = await NativeLauncher.start(LAUNCHER);
  const [pid = 0] = childrenOf(process.pid).filter((child) => !before.includes(child));
  expect(await run(launcher)).toEqual({ end: exited, isNative: true });
  kill(pid);
  refuseNextProcess();
  // The first may be with the old one still, whose end is heard of a moment later.
  const refused = await until(async () => {
    const { end } = await run(launcher);
    return end.kind === "refused" && end;
  }, "the restart to be refused");
  expect(refused).toEqual({ kind: "refused", code: "EAGAIN" });
  expect(await run(launcher)).toEqual({ end: exited, isNative: false });
  await until(async () => (await run(launcher)).isNative, "another launcher");
});

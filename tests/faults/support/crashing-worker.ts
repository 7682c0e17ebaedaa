import { hostname } from "node:os";
import { dirname } from "node:path";
import { LAUNCHER } from "../../../scripts/build-launcher.ts";
import { resolveSettings } from "../../../src/config/resolve.ts";
import { toWorkerSettings } from "../../../src/config/worker-settings.ts";
import { randomId } from "../../../src/domain/id.ts";
import { openStore } from "../../../src/store/open-store.ts";
import { chooseLauncher } from "../../../src/worker/choose-launcher.ts";
import { identifySelf } from "../../../src/worker/process-identity.ts";
import { commandRunner } from "../../../src/worker/run-command.ts";
import { Worker } from "../../../src/worker/supervisor.ts";
import { type CrashPoint, launcherWithPoints, storeWithPoints } from "./crash-points.ts";

/**
 * A worker like the command's, from the same sources, that dies by its own SIGKILL when it passes a point for the n-th
 * time. Arguments: the store, the point, n.
 */
const [path = "", point = "", times = "1"] = process.argv.slice(2);
let left = Number(times);

function pass(passed: CrashPoint): void {
  if (passed !== point) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
}

const store = storeWithPoints(await openStore(path), pass);
const launcher = launcherWithPoints(await chooseLauncher(dirname(LAUNCHER), process.env), pass);
const worker = await Worker.start({
  store,
  runClaim: commandRunner({ store, launcher, env: { ...process.env } }),
  identity: identifySelf(),
  host: hostname(),
  concurrency: 4,
  queues: null,
  drain: false,
  pool: null,
  newId: () => `w-${randomId(6, Math.random)}`,
  loadSettings: async () =>
    toWorkerSettings(resolveSettings({ flags: {}, env: {}, file: {}, store: await store.readSettings() })),
  onEvent: () => {},
});
await worker.run();

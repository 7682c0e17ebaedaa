import { existsSync } from "node:fs";
import { LAUNCHER } from "../../scripts/build-launcher.ts";
import type { Launcher } from "../../src/worker/launcher.ts";
import { NativeLauncher } from "../../src/worker/native-launcher.ts";
import { nodeLauncher } from "../../src/worker/node-launcher.ts";

/** Whether this machine could build the native launcher; where it cannot, Node's is all there is. */
export const HAS_NATIVE: boolean = existsSync(LAUNCHER);

/** Every launcher that runs here, by name: their tests are the same. */
export async function openLaunchers(): Promise<[name: string, launcher: Launcher][]> {
  const native: [string, Launcher][] = HAS_NATIVE ? [["native", await NativeLauncher.start(LAUNCHER)]] : [];
  return [["node", nodeLauncher], ...native];
}

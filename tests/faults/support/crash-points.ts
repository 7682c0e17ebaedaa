import type { Store } from "../../../src/store/store.ts";
import type { LaunchedProcess, Launcher } from "../../../src/worker/launcher.ts";

/** Where a worker can die, in the order of an execution's life; then those of a sweep after another worker's death. */
export const CRASH_POINTS = [
  "after the claim",
  "before the spawn",
  "after the spawn",
  "after the exit",
  "before the result's commit",
  "after the result's commit",
  "before the declaration of a death",
  "after the declaration of a death",
  "after the recovery",
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Called as often as a point is passed. */
type Pass = (point: CrashPoint) => void;

/** A store whose worker passes these points. Nothing of the product knows of them: it is given this store. */
export function storeWithPoints(store: Store, pass: Pass): Store {
  const methods: Partial<Store> = {
    finish: async (worker, results, next) => {
      if (results.length > 0) pass("before the result's commit");
      const receipt = await store.finish(worker, results, next);
      if (results.length > 0) pass("after the result's commit");
      if (receipt.claimed.claims.length > 0) pass("after the claim");
      return receipt;
    },
    declareDead: async (worker, seenHeartbeat) => {
      pass("before the declaration of a death");
      const held = await store.declareDead(worker, seenHeartbeat);
      pass("after the declaration of a death");
      return held;
    },
    recoverJobs: async (worker, options) => {
      const jobs = await store.recoverJobs(worker, options);
      pass("after the recovery");
      return jobs;
    },
  };
  return new Proxy(store, {
    get: (target, name) => {
      const own = methods[name as keyof Store];
      const value: unknown = own ?? Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

export function launcherWithPoints(launcher: Launcher, pass: Pass): Launcher {
  return {
    launch: (program, onOutput): LaunchedProcess => {
      pass("before the spawn");
      const launched = launcher.launch(program, onOutput);
      void launched.started.then(() => pass("after the spawn"));
      void launched.ended.then(() => pass("after the exit"));
      return launched;
    },
  };
}

import type { Condition } from "../../src/domain/dependency.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import type { QueueChange } from "../../src/store/store.ts";

export const ACTORS = 3;
export const CRASH_LIMIT = 2;

/** What may happen next. Jobs and actors are named by their place. */
export type Step =
  | {
      do: "enqueue";
      jobs: NewJobStep[];
      group: { maxRunning: number | null; maxFails: number | null } | null;
    }
  | { do: "changeQueue"; queue: string; change: QueueChange }
  | { do: "claim"; actor: number; limit: number }
  | { do: "finish"; actor: number; which: number[]; outcome: Outcome; isRepeated: boolean; claimNext: number }
  | { do: "look"; actor: number; trustLeases: boolean }
  | { do: ActorStep; actor: number }
  | { do: "cancel" | "retry" | "retryDead" | "removeDead"; jobs: number[]; isApt: boolean }
  | { do: "reboot" }
  | { do: "pass"; ms: number };

export interface NewJobStep {
  queue: string;
  maxRetries: number;
  priority: number;
  key: string | null;
  unique: string | null;
  expiresInMs: number | null;
  /** The jobs that it waits for are named by their place, too. */
  dependsOn: readonly { place: number; condition: Condition }[];
}

export const QUEUES = ["default", "mail"] as const;

export type ActorStep =
  | "start"
  | "beat"
  | "declare"
  | "recover"
  | "recoverOrphans"
  | "crash"
  | "pause"
  | "resume"
  | "leave"
  | "forget";

import type { Outcome } from "../../src/domain/outcome.ts";

export const ACTORS = 3;
export const CRASH_LIMIT = 2;

/** What may happen next. Jobs and actors are named by their place. */
export type Step =
  | { do: "enqueue"; jobs: number; maxRetries: number; priority: number }
  | { do: "claim"; actor: number; limit: number }
  | { do: "finish"; actor: number; which: number[]; outcome: Outcome; isRepeated: boolean; claimNext: number }
  | { do: "look"; actor: number; trustLeases: boolean }
  | { do: ActorStep; actor: number }
  | { do: "cancel" | "retry" | "retryDead" | "removeDead"; jobs: number[]; isApt: boolean }
  | { do: "reboot" }
  | { do: "pass"; ms: number };

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

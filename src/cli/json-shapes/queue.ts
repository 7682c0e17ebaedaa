import type { Closure, GateState } from "../../domain/gate.ts";
import type { KeyJson } from "../../queue/key-json.ts";
import type { QueueJson } from "../../queue/queue-json.ts";
import type { ShapeOf } from "./shape.ts";

export const GATE_STATES: Readonly<Record<GateState, string>> = {
  open: "what is due may start",
  paused: "nothing starts; what runs goes on",
  draining: "it takes no new jobs; what waits still runs",
};

export const CAUSES: Readonly<Record<Closure["kind"], string>> = {
  paused: "it is paused",
  full: "as many run as may at once",
  pace: "its rate lets nothing start yet",
};

export const LIMITS = {
  running: { type: "whole number", sentence: "how many jobs run behind it" },
  concurrency: {
    type: "whole number",
    nullable: true,
    sentence: "how many may run at once; null: any number",
  },
  rate: { type: "text", nullable: true, sentence: "how many may start in a period, such as 100/min" },
  opens_at: { type: "instant", nullable: true, sentence: "when its rate lets the next one start" },
} as const;

export const KEY: ShapeOf<KeyJson> = {
  sentence: "A key that jobs have.",
  fields: {
    name: { type: "text", sentence: "what jobs name as their `key`" },
    closed: { type: "text", nullable: true, values: CAUSES, sentence: "why nothing of it starts now" },
    running: LIMITS.running,
    limit: { type: "whole number", nullable: true, sentence: "how many may at once; null: no limit" },
    waiting: { type: "whole number", sentence: "how many of its jobs have not ended and do not run" },
  },
};

export const QUEUE: ShapeOf<QueueJson> = {
  sentence: "A queue that has jobs, or of which something is set.",
  fields: {
    name: { type: "text", sentence: "what jobs name as their `queue`" },
    state: { type: "text", values: GATE_STATES, sentence: "what a person made of it" },
    closed: { type: "text", nullable: true, values: CAUSES, sentence: "why nothing of it starts now" },
    ...LIMITS,
    counts: { type: "object", of: "counts", sentence: "its jobs by state" },
  },
};

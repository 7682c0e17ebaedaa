import type { StatusJson, ThroughputJson } from "../commands/status.ts";
import type { WorkerLogLineJson } from "../commands/worker-logs.ts";
import type { StoppedJson } from "../commands/worker-stop.ts";
import type { StartedJson } from "../start-in-background.ts";
import type { WorkerJson, WorkerNameJson } from "../worker-json.ts";
import type { WorkerEventsJson } from "../worker-lines.ts";
import { OUTCOMES, STATES } from "./job.ts";
import { kind, type ShapeOf } from "./shape.ts";

export const WORKER: ShapeOf<WorkerJson> = {
  sentence: "A worker, alive or dead.",
  fields: {
    id: { type: "text", sentence: "its name in this store" },
    pid: { type: "whole number", sentence: "its process" },
    host: { type: "text", sentence: "the machine it runs on" },
    state: {
      type: "text",
      values: {
        running: "claims jobs",
        stopping: "finishes its jobs and exits",
        dead: "its process is gone",
      },
      sentence: "what it is about",
    },
    pool: { type: "text", nullable: true, sentence: "the background pool it belongs to; null: none" },
    queues: { type: "list of texts", nullable: true, sentence: "those it serves; null: all" },
    concurrency: { type: "whole number", sentence: "how many jobs it runs at once" },
    current_jobs: { type: "list of texts", sentence: "the ids of the jobs it runs" },
    started_at: { type: "instant", sentence: "when it began" },
    heartbeat_at: { type: "instant", sentence: "when it last gave a sign of life" },
    jobs_done: { type: "whole number", sentence: "executions it has ended" },
  },
};

export const WORKER_NAME: ShapeOf<WorkerNameJson> = {
  sentence: "The two names of a worker.",
  fields: {
    id: { type: "text", sentence: "its name in this store" },
    pid: { type: "whole number", sentence: "its process" },
  },
};

export const STARTED: ShapeOf<StartedJson> = {
  sentence: "The workers that now run in the background.",
  fields: {
    workers: { type: "list", of: "worker name", sentence: "as many as were asked for" },
    log: { type: "text", sentence: "the path of the log they share" },
  },
};

export const STOPPED: ShapeOf<StoppedJson> = {
  sentence: "The workers that were asked to stop; without `--no-wait` they are gone.",
  fields: { stopped: { type: "list", of: "worker name", sentence: "none when none was running" } },
};

export const WORKER_LOG_LINE: ShapeOf<WorkerLogLineJson> = {
  sentence: "A line of the background workers' log.",
  fields: { line: { type: "text", sentence: "the line, without its end" } },
};

export const THROUGHPUT: ShapeOf<ThroughputJson> = {
  sentence: "How many executions ended lately.",
  fields: {
    last_minute: { type: "whole number", sentence: "within the last 60 seconds" },
    last_hour: { type: "whole number", sentence: "within the last 60 minutes" },
  },
};

export const COUNTS: ShapeOf<StatusJson["counts"]> = {
  sentence: "How many jobs are in each state.",
  fields: {
    pending: { type: "whole number", sentence: STATES.pending },
    blocked: { type: "whole number", sentence: STATES.blocked },
    processing: { type: "whole number", sentence: STATES.processing },
    completed: { type: "whole number", sentence: STATES.completed },
    failed: { type: "whole number", sentence: STATES.failed },
    dead: { type: "whole number", sentence: STATES.dead },
    cancelled: { type: "whole number", sentence: STATES.cancelled },
  },
};

export const STATUS: ShapeOf<StatusJson> = {
  sentence: "How the queue stands.",
  fields: {
    counts: { type: "object", of: "counts", sentence: "jobs by state" },
    workers: { type: "list", of: "worker", sentence: "as in `worker status`" },
    queues: { type: "list", of: "queue", sentence: "as in `queue list`" },
    behind_keys: {
      type: "whole number",
      sentence: "jobs that wait for a key of which as many run as may; counted up to 10000",
    },
    oldest_pending_at: {
      type: "instant",
      nullable: true,
      sentence: "since when the longest waiting pending job is due; null when none is",
    },
    throughput: { type: "object", of: "throughput", sentence: "executions that ended" },
  },
};

const COMMON = {
  at: { type: "instant", sentence: "when" },
  worker: { type: "text", sentence: "who" },
} as const;

const JOB_ID = { type: "text", sentence: "the job's id" } as const;

/** What a worker says with `--json`, one shape for each value of `event`. */
export const EVENTS: { readonly [Kind in keyof WorkerEventsJson]: ShapeOf<WorkerEventsJson[Kind]> } = {
  started: {
    sentence: "It is registered.",
    fields: {
      ...COMMON,
      event: kind("started", "what happened"),
      pid: { type: "whole number", sentence: "its process" },
    },
  },
  polling: {
    sentence: "It looks for jobs from now on.",
    fields: { ...COMMON, event: kind("polling", "what happened") },
  },
  claimed: {
    sentence: "A job is its own, and begins to run.",
    fields: {
      ...COMMON,
      event: kind("claimed", "what happened"),
      job: JOB_ID,
      execution: { type: "whole number", sentence: "which execution of the job, from 1" },
    },
  },
  finished: {
    sentence: "An execution ended, and is recorded.",
    fields: {
      ...COMMON,
      event: kind("finished", "what happened"),
      job: JOB_ID,
      outcome: { type: "text", values: OUTCOMES, sentence: "how the execution ended" },
      state: { type: "text", values: STATES, sentence: "the job's state now" },
      error: { type: "text", nullable: true, sentence: "why it failed" },
    },
  },
  stale_result: {
    sentence: "An execution ended after its claim was lost: the result counts for nothing.",
    fields: {
      ...COMMON,
      event: kind("stale_result", "what happened"),
      job: JOB_ID,
      outcome: { type: "text", values: OUTCOMES, sentence: "how the execution ended" },
    },
  },
  recovered: {
    sentence: "It took back the jobs of a dead worker.",
    fields: {
      ...COMMON,
      event: kind("recovered", "what happened"),
      dead_worker: {
        type: "text",
        nullable: true,
        sentence: "the worker that died; null when its row was gone",
      },
      jobs: { type: "list of texts", sentence: "the ids of its jobs that are pending again" },
      dead: { type: "list of texts", sentence: "of those that are dead, as crash loops" },
      cancelled: { type: "list of texts", sentence: "of those that were to be cancelled, and are" },
    },
  },
  replacing: {
    sentence: "A member of its pool died, and another is started in its place.",
    fields: {
      ...COMMON,
      event: kind("replacing", "what happened"),
      dead_worker: { type: "text", sentence: "the worker that died" },
    },
  },
  taken_for_dead: {
    sentence: "It was silent for longer than its lease, and goes on under a new id.",
    fields: { ...COMMON, event: kind("taken_for_dead", "what happened") },
  },
  stopping: {
    sentence: "It claims nothing more.",
    fields: { ...COMMON, event: kind("stopping", "what happened") },
  },
  trouble: {
    sentence: "Something failed, such as a locked store; it tries again.",
    fields: {
      ...COMMON,
      event: kind("trouble", "what happened"),
      error: { type: "text", sentence: "what failed" },
    },
  },
  held_back: {
    sentence: "With `--drain`: it waits for what a limit holds back.",
    fields: {
      ...COMMON,
      event: kind("held_back", "what happened"),
      queue: {
        type: "text",
        nullable: true,
        sentence: "whose concurrency or rate it is; null: that of a key or a group",
      },
      until: { type: "instant", nullable: true, sentence: "when a rate lets the next one start" },
    },
  },
  drained: {
    sentence: "With `--drain`: no job is left to do.",
    fields: {
      ...COMMON,
      event: kind("drained", "what happened"),
      waiting: {
        type: "whole number",
        sentence: "jobs that wait for a time, for other jobs, or in a paused queue",
      },
    },
  },
  stopped: { sentence: "It has signed off.", fields: { ...COMMON, event: kind("stopped", "what happened") } },
};

import type { FiringJson, ScheduleJson } from "../../queue/schedule-json.ts";
import type { RemovedJson } from "../removed-json.ts";
import { JOB } from "./job.ts";
import type { ShapeOf } from "./shape.ts";

const { command, argv, queue, priority, tags, cwd, timeout, backoff_base, unique, key } = JOB.fields;

export const SCHEDULE: ShapeOf<ScheduleJson> = {
  sentence: "A schedule, and what is known beforehand of the jobs that it enqueues.",
  fields: {
    name: { type: "text", sentence: "unique in the store; its jobs' ids begin with it" },
    pattern: {
      type: "text",
      sentence: "five cron fields, six with the seconds in front, or a name like @daily",
    },
    time_zone: { type: "text", sentence: "whose clock counts" },
    overlap: {
      type: "text",
      values: {
        skip: "it is left out",
        queue: "its job waits for the end of the earlier one",
        replace: "the earlier job is cancelled, and its own waits for that",
        allow: "both run",
      },
      sentence: "what becomes of an instant while an earlier job is unfinished",
    },
    catch_up: {
      type: "text",
      values: {
        one: "the newest of them is run, late",
        all: "each of them is run",
        none: "none of them is run",
      },
      sentence: "what becomes of the instants that came while no worker ran",
    },
    paused: { type: "true or false", sentence: "its instants pass by" },
    next_at: { type: "instant", nullable: true, sentence: "null when it is paused, or never comes again" },
    last: {
      type: "object",
      of: "firing",
      nullable: true,
      sentence: "its newest instant; null before the first",
    },
    command,
    argv,
    queue,
    priority,
    tags,
    cwd,
    timeout,
    max_retries: {
      type: "whole number",
      nullable: true,
      sentence: "null: as the setting max-retries says at each run",
    },
    backoff_base,
    expires: {
      type: "seconds",
      nullable: true,
      sentence: "a run is dead if it was not started so long after it was enqueued",
    },
    expires_at: { type: "instant", nullable: true, sentence: "the same, at one instant for all runs" },
    unique,
    unique_return: {
      type: "true or false",
      sentence: "an unfinished job of the unique name stands for a run",
    },
    key,
    key_limit: { type: "whole number", nullable: true, sentence: "how many jobs of the key may run at once" },
    env: { type: "texts by name", sentence: "its variables; secret-looking ones are masked" },
    stdin: { type: "text", nullable: true, sentence: "what each run reads" },
    fault: {
      type: "text",
      nullable: true,
      sentence:
        "why no run can be made of it, as another version or a hand has left it: then what is wrong in its job is not shown; else null",
    },
    created_at: { type: "instant", sentence: "when it was added, or replaced" },
  },
};

export const FIRING: ShapeOf<FiringJson> = {
  sentence: "What became of one instant of a schedule.",
  fields: {
    instant: { type: "instant", sentence: "when it was to be; a run by hand has milliseconds" },
    outcome: {
      type: "text",
      values: {
        fired: "its job was enqueued",
        skipped: "an earlier job was unfinished, or a newer one came with it",
        missed: "no worker ran in time, and it was not caught up; or it was paused or replaced first",
        refused: "its job could not be enqueued",
      },
      sentence: "what became of it",
    },
    job_id: { type: "text", nullable: true, sentence: "its job, where there is one" },
    note: { type: "text", nullable: true, sentence: "why, or what it replaced, in one line" },
    decided_at: { type: "instant", sentence: "when that was" },
  },
};

export const REMOVED_SCHEDULE: ShapeOf<RemovedJson> = {
  sentence: "The schedule that is gone.",
  fields: { removed: { type: "list of texts", sentence: "its name" } },
};

import type { ErrorCode } from "../../domain/errors.ts";
import type { DemoJson } from "../commands/demo.ts";
import type { RemovedJobsJson } from "../commands/dlq-remove.ts";
import type { PrunedJson } from "../commands/prune.ts";
import type { ServiceInstalledJson } from "../commands/service-install.ts";
import type { ServiceUninstalledJson } from "../commands/service-uninstall.ts";
import type { StepJson } from "../demo/tour.ts";
import type { ErrorDetailsJson, ErrorJson, FaultJson, VersionJson } from "../run.ts";
import type { ShapeOf } from "./shape.ts";

export const REMOVED: ShapeOf<RemovedJobsJson> = {
  sentence: "The jobs that are gone.",
  fields: {
    removed: { type: "list of texts", sentence: "their ids; with `--dry-run`, of those that would go" },
    dry_run: { type: "true or false", sentence: "nothing was removed" },
  },
};

export const PRUNED: ShapeOf<PrunedJson> = {
  sentence: "What was too old.",
  fields: {
    removed: {
      type: "object",
      of: "pruned jobs",
      sentence: "how many jobs went; with `--dry-run`, would go",
    },
    outputs_removed: {
      type: "whole number",
      sentence: "executions that lost their output and stay in the history",
    },
    dry_run: { type: "true or false", sentence: "nothing was removed" },
  },
};

export const PRUNED_JOBS: ShapeOf<PrunedJson["removed"]> = {
  sentence: "Numbers of jobs by state.",
  fields: {
    completed: { type: "whole number", sentence: "older than they are to be kept" },
    cancelled: { type: "whole number", sentence: "the same" },
    dead: { type: "whole number", sentence: "only when asked for by state and age" },
  },
};

export const VERSION: ShapeOf<VersionJson> = {
  sentence: "The version of queuectl.",
  fields: { version: { type: "text", sentence: "as in its package" } },
};

export const SERVICE_INSTALLED: ShapeOf<ServiceInstalledJson> = {
  sentence: "A service for the init system.",
  fields: {
    unit: { type: "text", sentence: "what the init system calls it" },
    path: { type: "text", sentence: "its file" },
    content: { type: "text", sentence: "what is in the file" },
    commands: { type: "list of texts", sentence: "what is to be run to start it" },
    written: { type: "true or false", sentence: "false with `--print`" },
  },
};

export const SERVICE_UNINSTALLED: ShapeOf<ServiceUninstalledJson> = {
  sentence: "A service that was taken away.",
  fields: {
    unit: { type: "text", sentence: "what the init system calls it" },
    path: { type: "text", sentence: "its file" },
    removed: { type: "true or false", sentence: "false when there was none" },
  },
};

export const DEMO: ShapeOf<DemoJson> = {
  sentence: "How the tour went.",
  fields: {
    ok: { type: "true or false", sentence: "every step did what it should" },
    steps: {
      type: "list",
      of: "demo step",
      sentence: "those that were taken; of a tour that failed, the last is why",
    },
  },
};

export const DEMO_STEP: ShapeOf<StepJson> = {
  sentence: "A step of the tour.",
  fields: {
    sentence: { type: "text", sentence: "what it shows" },
    command: { type: "text", sentence: "as one types it" },
    exit_code: { type: "whole number", nullable: true, sentence: "null when it was not run to its end" },
    ok: { type: "true or false", sentence: "the store says what it should after it" },
  },
};

export const ERROR: ShapeOf<ErrorJson> = {
  sentence: "Any error, on standard error; the exit code is not 0.",
  fields: { error: { type: "object", of: "error details", sentence: "what went wrong" } },
};

/** What each code means; which exit code it leads to is in `exit-codes.ts`. */
export const ERROR_CODES: Readonly<Record<ErrorCode, string>> = {
  invalid_usage: "the command line cannot be understood",
  invalid_json: "a text that begins like JSON is none",
  invalid_job: "a job has a field that is unknown, missing or wrong",
  invalid_setting: "a setting cannot have this value",
  invalid_file: "a file cannot be read, or is not what it should be",
  duplicate_id: "a job of this id exists already",
  ambiguous_id: "the beginning of an id fits several jobs",
  not_unique: "an unfinished job of the same unique name exists",
  unknown_dependency: "a job that it is to wait for does not exist",
  dependency_cycle: "jobs would wait for each other in a circle",
  dependency_failed: "a job that it waits for is dead or cancelled",
  queue_draining: "the queue drains: it takes no new jobs, and cannot be paused",
  invalid_queue: "a concurrency or a rate of a queue is not allowed",
  invalid_flow: "the file of a flow has faults; each is named with its place",
  invalid_schedule: "the pattern or the zone of a schedule is not allowed",
  duplicate_schedule: "a schedule of this name exists already",
  not_dead: "the job is not in the dead letter queue",
  not_confirmed: "it would have to be confirmed, and there is nobody to ask",
  not_finished: "the job waits or runs, and cannot be run again",
  already_finished: "the job has ended, and cannot be cancelled",
  job_not_found: "there is no such job",
  execution_not_found: "the job has no such execution",
  queue_not_found: "there is no queue of this name",
  key_not_found: "no job has a key of this name",
  flow_not_found: "there is no flow of this id",
  schedule_not_found: "there is no schedule of this name",
  worker_not_found: "there is no such worker",
  setting_not_found: "there is no such setting",
  store_unreachable: "the store is not there, or cannot be opened",
  store_read_only: "the store cannot be written",
  store_locked: "another program held the store for too long",
  store_full: "the disk is full",
  store_corrupt: "the store is damaged",
  store_foreign: "the file is not a store of queuectl",
  store_newer: "a newer queuectl has made the store",
  store_in_use: "workers of an older queuectl are at work on the store, which must be upgraded",
  store_removed: "the store was deleted or replaced while it was used",
  store_failed: "the store failed in another way",
  job_timed_out: "library only: the job's time is up",
  job_interrupted: "library only: the worker stops, and waits for the job no longer",
  job_cancelled: "library only: the job was cancelled",
  job_lost: "library only: the worker was taken for dead while it ran the job",
  wait_timed_out: "what was waited for did not come in time",
  queue_closed: "library only: the queue was closed by its program",
  worker_failed: "workers did not start",
  place_taken: "a worker is not needed: its place in the pool was taken, or the pool was stopped",
  demo_failed: "a step of the tour did not do what it should",
  output_failed: "the answer could not be written; the work is done",
  internal: "a fault of queuectl",
};

export const ERROR_DETAILS: ShapeOf<ErrorDetailsJson> = {
  sentence: "What went wrong.",
  fields: {
    code: { type: "text", values: ERROR_CODES, sentence: "for programs; stable" },
    message: { type: "text", sentence: "one sentence: what was tried, and why it failed" },
    hint: { type: "text", nullable: true, sentence: "what to do about it" },
    faults: {
      type: "list",
      of: "fault",
      optional: true,
      sentence: "only of `invalid_flow`: the first 50 things that are wrong with the file, one by one",
    },
  },
};

export const FAULT: ShapeOf<FaultJson> = {
  sentence: "One thing that is wrong with a file.",
  fields: {
    line: { type: "whole number", nullable: true, sentence: "from 1; null where there are no lines" },
    column: { type: "whole number", nullable: true, sentence: "from 1" },
    message: { type: "text", sentence: "what is wrong, and what to do about it" },
  },
};

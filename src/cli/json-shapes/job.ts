import type { GroupKind, GroupMembership } from "../../domain/group.ts";
import type { DeadReason, JobState } from "../../domain/job.ts";
import type { OutcomeKind } from "../../domain/outcome.ts";
import type { GroupJson } from "../../queue/group-json.ts";
import type { ExecutionJson, InfoJson } from "../../queue/info-json.ts";
import type { JobJson } from "../../queue/job-json.ts";
import type { DeadJobJson } from "../commands/dlq-list.ts";
import type { LogLineJson } from "../render/output-writers.ts";
import type { ShapeOf } from "./shape.ts";

export const STATES: Readonly<Record<JobState, string>> = {
  pending: "waits for a worker",
  blocked: "waits for other jobs",
  processing: "a worker runs it",
  completed: "ended with exit code 0",
  failed: "failed, and is run again by itself",
  dead: "in the dead letter queue",
  cancelled: "not run to its end: cancelled by a person or a rule, or not needed",
};

export const REASONS: Readonly<Record<DeadReason, string>> = {
  retries_spent: "it failed as often as it may",
  crash_loop: "its workers died of it",
  dependency: "a job that it depends on cannot complete",
  policy: "its failure is one that is not retried",
  expired: "it was not started in time",
};

export const OUTCOMES: Readonly<Record<OutcomeKind, string>> = {
  succeeded: "exit code 0",
  failed: "another exit code; 127 when the command does not exist",
  signalled: "a signal ended it",
  timed_out: "it ran for too long and was killed",
  spawn_failed: "the system could not start it",
  cancelled: "it was cancelled while it ran",
  lost: "its worker died; no retry is spent",
  interrupted: "its worker was stopped; no retry is spent",
};

export const JOB: ShapeOf<JobJson> = {
  sentence: "A job, in every answer that has jobs.",
  fields: {
    id: { type: "text", sentence: "its name, unique in the store" },
    command: {
      type: "text",
      sentence: "the shell command; of a job given as words, those quoted for a shell",
    },
    argv: {
      type: "list of texts",
      optional: true,
      sentence: "the exact words, of a job that was given after `--`",
    },
    state: { type: "text", values: STATES, sentence: "where it is in its life" },
    attempts: {
      type: "whole number",
      sentence: "failed executions since enqueue, or since it was last brought back",
    },
    max_retries: { type: "whole number", sentence: "how often it is run again after a failure" },
    priority: { type: "whole number", sentence: "higher is claimed first" },
    queue: { type: "text", sentence: "the queue it is in" },
    tags: { type: "list of texts", sentence: "its labels" },
    cwd: { type: "text", nullable: true, sentence: "where it runs; null: where its worker does" },
    timeout: {
      type: "seconds",
      nullable: true,
      sentence: "how long it may run, 0 = no limit; null: as the setting job-timeout says",
    },
    backoff_base: { type: "number", nullable: true, sentence: "null: as the setting backoff-base says" },
    run_at: { type: "instant", nullable: true, sentence: "not before; null: at once" },
    expires_at: { type: "instant", nullable: true, sentence: "dead if it was never started by then" },
    unique: { type: "text", nullable: true, sentence: "of this name one job at most is unfinished" },
    key: { type: "text", nullable: true, sentence: "it shares a limit with all jobs of this key" },
    depends_on: { type: "list of texts", sentence: "ids of jobs, or groups, that must complete first" },
    after_any: { type: "list of texts", sentence: "of those that must have ended, however" },
    after_fail: { type: "list of texts", sentence: "of those that must be dead or cancelled" },
    group: { type: "object", of: "membership", nullable: true, sentence: "what it is a part of" },
    next_run_at: { type: "instant", nullable: true, sentence: "when a failed job is run again; else null" },
    exit_code: { type: "whole number", nullable: true, sentence: "of the last execution that had one" },
    error: { type: "text", nullable: true, sentence: "why the last execution failed" },
    reason: { type: "text", nullable: true, values: REASONS, sentence: "why it is dead" },
    worker: { type: "text", nullable: true, sentence: "the worker that runs it now" },
    created_at: { type: "instant", sentence: "when it was enqueued" },
    updated_at: { type: "instant", sentence: "when its state last changed" },
  },
};

export const GROUP_KINDS: Readonly<Record<GroupKind, string>> = {
  array: "made by `enqueue --array` or `--each-line`",
  flow: "the steps of a flow",
  schedule: "the runs of a schedule",
};

export const MEMBERSHIP: ShapeOf<GroupMembership> = {
  sentence: "A job's place in a group.",
  fields: {
    kind: { type: "text", values: GROUP_KINDS, sentence: "what kind of group" },
    id: { type: "text", sentence: "the group's own id" },
    member: {
      type: "text",
      sentence: "the index in an array, the step of a flow, the instant of a schedule",
    },
  },
};

export const GROUP: ShapeOf<GroupJson> = {
  sentence: "Jobs that were made together.",
  fields: {
    id: { type: "text", sentence: "its name; no job and no other group has it" },
    kind: { type: "text", values: GROUP_KINDS, sentence: "what kind of group" },
    name: { type: "text", sentence: "the command of an array, the name of a flow or a schedule" },
    concurrency: {
      type: "whole number",
      nullable: true,
      sentence: "how many may run at once; null: any number",
    },
    max_fails: {
      type: "whole number",
      nullable: true,
      sentence: "as soon as so many are dead, those that wait are cancelled; null: never",
    },
    counts: { type: "object", of: "counts", sentence: "its jobs by state" },
    created_at: { type: "instant", sentence: "when it was made" },
  },
};

export const EXECUTION: ShapeOf<ExecutionJson> = {
  sentence: "One run of a job's command.",
  fields: {
    number: { type: "whole number", sentence: "from 1; only grows, over `retry` too" },
    worker: { type: "text", sentence: "the worker that ran it" },
    started_at: { type: "instant", sentence: "when it began" },
    finished_at: { type: "instant", nullable: true, sentence: "null while it runs" },
    duration: {
      type: "seconds",
      nullable: true,
      sentence: "on a clock that never steps; null while it runs",
    },
    outcome: { type: "text", nullable: true, values: OUTCOMES, sentence: "how it ended; null while it runs" },
    exit_code: { type: "whole number", nullable: true, sentence: "null when there was none" },
    signal: { type: "text", nullable: true, sentence: "such as SIGKILL, when a signal ended it" },
    error: { type: "text", nullable: true, sentence: "one line for people; null after a success" },
    late_outcome: {
      type: "text",
      nullable: true,
      values: OUTCOMES,
      sentence: "what came of it after its claim was lost; it counts for nothing",
    },
    late_at: { type: "instant", nullable: true, sentence: "when that was" },
    cpu_seconds: {
      type: "seconds",
      nullable: true,
      sentence: "user and system time together; null without the native launcher",
    },
    max_rss_kb: {
      type: "whole number",
      nullable: true,
      sentence: "KiB in memory at most, of one process; null likewise",
    },
    stdout_tail: { type: "text", sentence: "the last lines it printed, at most 20" },
    stderr_tail: { type: "text", sentence: "the same of its standard error" },
    output_pruned: { type: "true or false", sentence: "its output was removed (setting retain-logs)" },
  },
};

export const INFO: ShapeOf<InfoJson> = {
  sentence: "Everything about one job.",
  extends: "job",
  fields: {
    ...JOB.fields,
    suspicion: {
      type: "whole number",
      nullable: true,
      sentence:
        "how often in a row it was lost with its worker while it ran alone; null when it is no suspect, and may run beside others",
    },
    key_limit: {
      type: "whole number",
      nullable: true,
      sentence: "how many jobs of its key may run at once, as it is now; null without a key",
    },
    env: { type: "texts by name", sentence: "its own variables; values that look secret are masked" },
    executions: { type: "list", of: "execution", sentence: "its history, oldest first" },
  },
};

export const DEAD_JOB: ShapeOf<DeadJobJson> = {
  sentence: "A job in the dead letter queue.",
  extends: "job",
  fields: {
    ...JOB.fields,
    last_line: {
      type: "text",
      sentence: "the last line that says anything: of stderr, else of stdout, else the error",
    },
  },
};

export const LOG_LINE: ShapeOf<LogLineJson> = {
  sentence: "A line that a job printed.",
  fields: {
    stream: {
      type: "text",
      values: { stdout: "standard output", stderr: "standard error" },
      sentence: "where",
    },
    text: { type: "text", sentence: "the line, without its end" },
    at: { type: "instant", sentence: "when its first byte arrived, or a little later" },
  },
};

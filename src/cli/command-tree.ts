import { SETTINGS } from "../config/settings.ts";
import type { CommandSpec, OptionSpec } from "./command.ts";

/** Options that every verb takes, before or after it. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  {
    name: "db",
    value: "PATH",
    sentence: "the store to use (default: QUEUECTL_DB, db-path, ~/.queuectl/queue.db)",
  },
  { name: "json", sentence: "answer in JSON, and errors too" },
  { name: "quiet", sentence: "only the answer, no hints" },
  { name: "no-color", sentence: "no colours" },
  { name: "yes", sentence: "do not ask" },
  { name: "help", sentence: "show help" },
  { name: "version", sentence: "show the version" },
];

const FOREGROUND_OPTIONS: readonly OptionSpec[] = [
  { name: "foreground", sentence: "stay in this terminal, whatever the count" },
  { name: "background", sentence: "leave this terminal, whatever the count" },
];

/** Settings that one worker may override. */
const WORKER_SETTING_OPTIONS: readonly OptionSpec[] = SETTINGS.filter(
  ({ flagOf }) => flagOf === "worker",
).map(({ key, type, sentence }) => ({
  name: key,
  value: type === "size" ? "SIZE" : type === "number" ? "N" : "TIME",
  sentence,
}));

export const COMMANDS: readonly CommandSpec[] = [
  {
    path: ["enqueue"],
    usage: "JSON | COMMAND | - | -- PROGRAM ARG…",
    args: { min: 0, max: 1 },
    takesCommand: true,
    sentence: "add a job, or many",
    details: [
      "A first character { or [ means JSON; other text is a shell command. After -- every word is kept exactly and run without a shell.",
      "--file and - read one JSON job a line, or one JSON array; all of the jobs are added, or none.",
    ],
    examples: [
      { line: 'queuectl enqueue "echo hello"', sentence: "a shell command" },
      {
        line: `queuectl enqueue '{"id":"job1","command":"sleep 2","max_retries":5}'`,
        sentence: "a job with fields",
      },
      {
        line: "queuectl enqueue --queue media --timeout 2h -- ffmpeg -i a.mov a.mp4",
        sentence: "exact arguments, no shell",
      },
      { line: "queuectl enqueue --file jobs.jsonl", sentence: "one job a line, all or nothing" },
    ],
    options: [
      { name: "command", value: "TEXT", sentence: "the shell command, also one that begins with { or [" },
      { name: "file", value: "PATH", sentence: "read jobs from a file" },
      { name: "id", value: "ID", sentence: "the job's id (default: a new one)" },
      {
        name: "max-retries",
        value: "N",
        sentence: "how often it is run again after a failure (default: setting max-retries)",
      },
      {
        name: "timeout",
        value: "TIME",
        sentence: "how long it may run; 0 = no limit (default: setting job-timeout)",
      },
      { name: "timeout-seconds", value: "N", sentence: "the same" },
      {
        name: "backoff-base",
        value: "N",
        sentence: "after failure n it waits N ^ n seconds (default: setting backoff-base)",
      },
      { name: "priority", value: "N", sentence: "higher first (default: 0)" },
      { name: "delay", value: "TIME", sentence: "not before so long from now" },
      { name: "run-at", value: "INSTANT", sentence: "not before this instant, such as 2026-12-01T03:00:00Z" },
      { name: "queue", value: "NAME", sentence: "which queue (default: default)" },
      { name: "tag", value: "TAG", repeatable: true, sentence: "a label" },
      { name: "env", value: "NAME=VALUE", repeatable: true, sentence: "a variable in its environment" },
      { name: "cwd", value: "DIR", sentence: "where it runs (default: here)" },
      { name: "stdin", value: "TEXT", sentence: "what it reads (default: nothing)" },
    ],
    load: () => import("./commands/enqueue.ts"),
  },
  {
    path: ["worker", "start"],
    usage: "",
    args: { min: 0, max: 0 },
    sentence: "run jobs: here, or with --count N in the background",
    details: [
      "Without --count one worker runs in this terminal until Ctrl-C. With --count N, N worker processes run in the background and outlive the terminal.",
    ],
    examples: [
      { line: "queuectl worker start", sentence: "one worker, in this terminal" },
      { line: "queuectl worker start --count 4", sentence: "four, in the background" },
      {
        line: "queuectl worker start --concurrency 8 --queue media",
        sentence: "eight jobs of one queue at once",
      },
      { line: "queuectl worker start --drain", sentence: "do what there is to do, then exit" },
    ],
    options: [
      { name: "count", value: "N", sentence: "how many worker processes" },
      { name: "concurrency", value: "N", sentence: "how many jobs at once in each (default: 1)" },
      { name: "queue", value: "NAME", repeatable: true, sentence: "serve this queue only (default: all)" },
      { name: "drain", sentence: "exit when no job is due, running, or waiting for a retry" },
      ...FOREGROUND_OPTIONS,
      ...WORKER_SETTING_OPTIONS,
      // How a background worker tells its starter that it is up. Hidden: people have no use for it.
      { name: "announce-fd", value: "FD", sentence: "" },
    ],
    load: () => import("./commands/worker-start.ts"),
  },
  {
    path: ["worker", "stop"],
    usage: "[WORKER | PID]",
    args: { min: 0, max: 1 },
    sentence: "let workers finish their jobs and exit",
    examples: [
      { line: "queuectl worker stop", sentence: "all workers of this store" },
      { line: "queuectl worker stop --grace 30s", sentence: "interrupt the jobs that take longer" },
      { line: "queuectl worker stop w-7f3k9c", sentence: "one of them" },
    ],
    options: [
      { name: "grace", value: "TIME", sentence: "how long their jobs may take; then they are interrupted" },
      { name: "force", sentence: "interrupt their jobs now" },
      { name: "no-wait", sentence: "return at once" },
    ],
    load: () => import("./commands/worker-stop.ts"),
  },
  {
    path: ["worker", "status"],
    aliases: [["worker", "list"]],
    usage: "",
    args: { min: 0, max: 0 },
    sentence: "who is working, and on what",
    examples: [{ line: "queuectl worker status", sentence: "active workers, then each with its jobs" }],
    options: [],
    load: () => import("./commands/worker-status.ts"),
  },
  {
    path: ["worker", "logs"],
    usage: "[WORKER]",
    args: { min: 0, max: 1 },
    sentence: "the background workers' own log",
    examples: [{ line: "queuectl worker logs --follow", sentence: "as it grows" }],
    options: [
      { name: "follow", sentence: "go on as it grows" },
      { name: "tail", value: "N", sentence: "only the last N lines" },
    ],
    load: () => import("./commands/worker-logs.ts"),
  },
  {
    path: ["status"],
    usage: "",
    args: { min: 0, max: 0 },
    sentence: "how many jobs in which state, and who works",
    examples: [{ line: "queuectl status --watch", sentence: "every second anew" }],
    options: [{ name: "watch", sentence: "show it anew every second" }],
    load: () => import("./commands/status.ts"),
  },
  {
    path: ["list"],
    usage: "",
    args: { min: 0, max: 0 },
    sentence: "the jobs, oldest first",
    examples: [
      { line: "queuectl list --state failed", sentence: "those that wait for a retry" },
      {
        line: "queuectl list --state completed --limit 10 --json",
        sentence: "the newest ten, for a program",
      },
    ],
    options: [
      { name: "state", value: "STATE", sentence: "only jobs in this state" },
      { name: "limit", value: "N", sentence: "only the newest N" },
    ],
    load: () => import("./commands/list.ts"),
  },
  {
    path: ["info"],
    aliases: [["show"]],
    usage: "ID",
    args: { min: 1, max: 1 },
    sentence: "everything about one job",
    examples: [{ line: "queuectl info @last", sentence: "the newest job" }],
    options: [],
    load: () => import("./commands/info.ts"),
  },
  {
    path: ["logs"],
    usage: "ID",
    args: { min: 1, max: 1 },
    sentence: "what a job printed",
    details: [
      "To a pipe: the exact bytes, stdout on stdout and stderr on stderr. To a terminal: both, in the order in which they came.",
    ],
    examples: [
      { line: "queuectl logs job1", sentence: "of its latest execution" },
      { line: "queuectl logs job1 --attempt 2 --stderr", sentence: "one stream of an earlier one" },
    ],
    options: [
      { name: "attempt", value: "N", sentence: "of execution N (default: the latest)" },
      { name: "stdout", sentence: "only its stdout" },
      { name: "stderr", sentence: "only its stderr, on stdout" },
      { name: "tail", value: "N", sentence: "only the last N lines" },
    ],
    load: () => import("./commands/logs.ts"),
  },
  {
    path: ["dlq", "list"],
    usage: "",
    args: { min: 0, max: 0 },
    sentence: "the dead jobs: those whose retries are spent",
    examples: [{ line: "queuectl dlq list", sentence: "with the last line each printed" }],
    options: [],
    load: () => import("./commands/dlq-list.ts"),
  },
  {
    path: ["dlq", "retry"],
    usage: "ID…",
    args: { min: 1, max: Number.POSITIVE_INFINITY },
    sentence: "bring dead jobs back, with all their retries",
    examples: [{ line: "queuectl dlq retry job1", sentence: "as if it were new" }],
    options: [],
    load: () => import("./commands/dlq-retry.ts"),
  },
  {
    path: ["dlq", "remove"],
    aliases: [["dlq", "rm"]],
    usage: "ID…",
    args: { min: 1, max: Number.POSITIVE_INFINITY },
    sentence: "delete dead jobs for good",
    examples: [{ line: "queuectl dlq remove job1 job2", sentence: "with their history and output" }],
    options: [],
    load: () => import("./commands/dlq-remove.ts"),
  },
  {
    path: ["config", "set"],
    usage: "KEY VALUE",
    args: { min: 2, max: 2 },
    sentence: "change a setting, for all workers of the store",
    examples: [
      { line: "queuectl config set max-retries 5", sentence: "for jobs enqueued from now on" },
      { line: "queuectl config set job-timeout 2h", sentence: "for jobs without a timeout of their own" },
    ],
    options: [],
    load: () => import("./commands/config-set.ts"),
  },
  {
    path: ["config", "get"],
    usage: "[KEY]",
    args: { min: 0, max: 1 },
    sentence: "one setting, bare, or all",
    examples: [{ line: "queuectl config get job-timeout", sentence: "in seconds; sizes in bytes" }],
    options: [{ name: "origin", sentence: "and where it comes from" }],
    load: () => import("./commands/config-get.ts"),
  },
  {
    path: ["config", "list"],
    aliases: [["config", "show"]],
    usage: "",
    args: { min: 0, max: 0 },
    sentence: "all settings",
    examples: [{ line: "queuectl config list --origin", sentence: "and where each comes from" }],
    options: [{ name: "origin", sentence: "and where each comes from" }],
    load: () => import("./commands/config-get.ts"),
  },
];

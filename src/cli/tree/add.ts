import type { CommandGroup } from "../command.ts";

/** How jobs come into the queue. */
export const ADD: CommandGroup = {
  title: "Add jobs",
  commands: [
    {
      path: ["enqueue"],
      usage: "JSON | COMMAND | - | -- PROGRAM ARG…",
      args: { min: 0, max: 1 },
      takesCommand: true,
      sentence: "add a job, or many",
      details: [
        "A first character { or [ means JSON; other text is a shell command. After -- every word is kept exactly and run without a shell.",
        "--file and - read one JSON job a line, or one JSON array; all of the jobs are added, or none.",
        "A command may be 1 MiB long. A shell command beyond 100 kB runs from a private script file, whose path is then its $0.",
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
        {
          name: "run-at",
          value: "INSTANT",
          sentence: "not before this instant, such as 2026-12-01T03:00:00Z",
        },
        { name: "queue", value: "NAME", sentence: "which queue (default: default)" },
        { name: "tag", value: "TAG", repeatable: true, sentence: "a label" },
        { name: "env", value: "NAME=VALUE", repeatable: true, sentence: "a variable in its environment" },
        { name: "cwd", value: "DIR", sentence: "where it runs (default: here)" },
        { name: "stdin", value: "TEXT", sentence: "what it reads (default: nothing)" },
      ],
      load: () => import("../commands/enqueue.ts"),
    },
  ],
};

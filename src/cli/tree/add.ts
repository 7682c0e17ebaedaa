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
        "--after and its like name jobs, or arrays, that must end first: several with commas between them, or the option again. What can never run any more is dead at once.",
        "--array makes one job for each index: 1-100, or 0-9:3 for every third, or 1,3,5-7; with %8 behind it at most 8 of them run at once. --each-line makes one for each line of standard input that is not blank. {} in the command becomes the index, or the line.",
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
        {
          line: "queuectl enqueue --unique sync --unique-return ./sync.sh",
          sentence: "not twice: the unfinished one is the answer",
        },
        {
          line: "queuectl enqueue --key host=db1 --key-limit 2 ./load.sh",
          sentence: "at most two at once of this key",
        },
        {
          line: "queuectl enqueue --array 1-100%8 --max-fails 5 -- ./sim {}",
          sentence: "a hundred jobs; five dead ones cancel the rest",
        },
        {
          line: "queuectl enqueue --each-line -- wc -l {} <files.txt",
          sentence: "one job for each line",
        },
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
          sentence: "not before this instant, such as 2026-12-01T03:00:00Z or 2026-12-01 03:00 Europe/Rome",
        },
        { name: "expires", value: "TIME", sentence: "dead if it was not started so long from now" },
        { name: "queue", value: "NAME", sentence: "which queue (default: default)" },
        { name: "tag", value: "TAG", repeatable: true, sentence: "a label" },
        { name: "env", value: "NAME=VALUE", repeatable: true, sentence: "a variable in its environment" },
        { name: "cwd", value: "DIR", sentence: "where it runs (default: here)" },
        { name: "stdin", value: "TEXT", sentence: "what it reads (default: nothing)" },
        {
          name: "unique",
          value: "NAME",
          sentence: "refused while another job of this name is unfinished",
        },
        { name: "unique-return", sentence: "not refused then: the other job is the answer" },
        { name: "key", value: "KEY", sentence: "share a limit with all jobs of this key, in any queue" },
        {
          name: "key-limit",
          value: "N",
          sentence:
            "how many jobs of the key may run at once, from now on (default: 1, if it has no limit yet)",
        },
        {
          name: "after",
          value: "ID",
          repeatable: true,
          sentence: "not before this job has completed; without that, dead",
        },
        {
          name: "after-any",
          value: "ID",
          repeatable: true,
          sentence: "not before it has ended, however",
        },
        {
          name: "after-fail",
          value: "ID",
          repeatable: true,
          sentence: "only when it is dead or cancelled; if it completes, cancelled",
        },
        { name: "array", value: "SPEC", sentence: "one job for each index, such as 1-100%8" },
        { name: "each-line", sentence: "one job for each line of standard input" },
        {
          name: "max-fails",
          value: "N",
          sentence: "cancel what waits of the array as soon as N of its jobs are dead",
        },
      ],
      load: () => import("../commands/enqueue.ts"),
    },
  ],
};

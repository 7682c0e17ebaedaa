import type { CommandGroup } from "../command.ts";

/** What people look at. */
export const LOOK: CommandGroup = {
  title: "How it stands",
  commands: [
    {
      path: ["status"],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "how many jobs in which state, and who works",
      examples: [{ line: "queuectl status --watch", sentence: "every second anew" }],
      options: [{ name: "watch", sentence: "show it anew every second" }],
      load: () => import("../commands/status.ts"),
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
        { line: "queuectl list --queue mail --queue media", sentence: "of two queues" },
      ],
      options: [
        { name: "state", value: "STATE", sentence: "only jobs in this state" },
        { name: "queue", value: "NAME", repeatable: true, sentence: "only those of this queue" },
        { name: "of", value: "ID", sentence: "only those of this array, flow or schedule" },
        { name: "limit", value: "N", sentence: "only the newest N" },
      ],
      load: () => import("../commands/list.ts"),
    },
    {
      path: ["info"],
      aliases: [["show"]],
      usage: "ID",
      args: { min: 1, max: 1 },
      sentence: "everything about one job",
      details: ["Of an array, a flow or a schedule: how many of its jobs are in which state."],
      examples: [{ line: "queuectl info @last", sentence: "the newest job" }],
      options: [],
      load: () => import("../commands/info.ts"),
    },
    {
      path: ["explain"],
      usage: "ID",
      args: { min: 1, max: 1 },
      sentence: "why a job does not run yet: every gate before it, and what opens it",
      details: [
        "Of an array, a flow or a schedule: how its jobs stand, and what stands before the first that wait; of a flow, before the steps that hold up the others.",
      ],
      examples: [{ line: "queuectl explain @last", sentence: "of the newest job" }],
      options: [],
      load: () => import("../commands/explain.ts"),
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
        { line: "queuectl logs job1 --follow", sentence: "as it comes, until the job is finished" },
        { line: "queuectl logs job1 --attempt 2 --stderr", sentence: "one stream of an earlier one" },
      ],
      options: [
        { name: "attempt", value: "N", sentence: "of execution N (default: the latest)" },
        { name: "stdout", sentence: "only its stdout" },
        { name: "stderr", sentence: "only its stderr, on stdout" },
        { name: "follow", sentence: "go on as it grows, over all executions, until the job is finished" },
        { name: "tail", value: "N", sentence: "only the last N lines of what is there" },
        { name: "timestamps", sentence: "each line with the instant at which it began to arrive" },
      ],
      load: () => import("../commands/logs.ts"),
    },
  ],
};

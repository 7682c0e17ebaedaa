import type { CommandGroup } from "../command.ts";

/** What is done about jobs that should not run, or should have. */
export const MEND: CommandGroup = {
  title: "Cancel, or mend what failed",
  commands: [
    {
      path: ["cancel"],
      usage: "ID…",
      args: { min: 1, max: Number.POSITIVE_INFINITY },
      sentence: "let jobs not run, or end those that do",
      details: [
        "A job that runs gets TERM, then, after kill-grace, KILL, with all its processes. It is not run again, whatever becomes of its worker.",
      ],
      examples: [{ line: "queuectl cancel job1", sentence: "returns when it is ended" }],
      options: [{ name: "no-wait", sentence: "return at once" }],
      load: () => import("../commands/cancel.ts"),
    },
    {
      path: ["retry"],
      usage: "ID…",
      args: { min: 1, max: Number.POSITIVE_INFINITY },
      sentence: "run finished jobs again, or failed ones now",
      examples: [
        { line: "queuectl retry job1", sentence: "completed, dead, cancelled, or waiting for a retry" },
      ],
      options: [],
      load: () => import("../commands/retry.ts"),
    },
    {
      path: ["dlq", "list"],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "the dead jobs: those whose retries are spent",
      examples: [{ line: "queuectl dlq list", sentence: "with the last line each printed" }],
      options: [],
      load: () => import("../commands/dlq-list.ts"),
    },
    {
      path: ["dlq", "retry"],
      usage: "ID…",
      args: { min: 1, max: Number.POSITIVE_INFINITY },
      sentence: "bring dead jobs back, with all their retries",
      examples: [{ line: "queuectl dlq retry job1", sentence: "as if it were new" }],
      options: [],
      load: () => import("../commands/retry.ts"),
    },
    {
      path: ["dlq", "remove"],
      aliases: [["dlq", "rm"]],
      usage: "ID…",
      args: { min: 1, max: Number.POSITIVE_INFINITY },
      sentence: "delete dead jobs for good",
      examples: [{ line: "queuectl dlq remove job1 job2", sentence: "with their history and output" }],
      options: [],
      load: () => import("../commands/dlq-remove.ts"),
    },
  ],
};

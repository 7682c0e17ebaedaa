import type { CommandGroup } from "../command.ts";

/** What is done about jobs that failed. */
export const MEND: CommandGroup = {
  title: "Mend what failed",
  commands: [
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
      load: () => import("../commands/dlq-retry.ts"),
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

import type { CommandGroup } from "../command.ts";

/** What is done about jobs that should not run, or should have, and about those that are long over. */
export const MEND: CommandGroup = {
  title: "Mend and tidy up",
  commands: [
    {
      path: ["cancel"],
      usage: "ID…",
      args: { min: 1, max: Number.POSITIVE_INFINITY },
      sentence: "let jobs not run, or end those that do",
      details: [
        "A job that runs gets TERM, then, after kill-grace, KILL, with all its processes. It is not run again, whatever becomes of its worker.",
        "The id of an array, a flow or a schedule stands for all its jobs that are not finished; on a terminal it asks first. Up to 2,000 jobs change at once, all or none; arrays beyond that in batches, between which others come to the store.",
      ],
      examples: [{ line: "queuectl cancel job1", sentence: "returns when it is ended" }],
      options: [
        { name: "no-wait", sentence: "return at once" },
        { name: "dry-run", sentence: "only say what would be cancelled" },
      ],
      load: () => import("../commands/cancel.ts"),
    },
    {
      path: ["retry"],
      usage: "ID…",
      args: { min: 1, max: Number.POSITIVE_INFINITY },
      sentence: "run finished jobs again, or failed ones now",
      details: [
        "The id of an array, a flow or a schedule stands for its dead and cancelled jobs; on a terminal it asks first, and more than 2,000 come back in batches. Jobs that died because they waited for one of these come back with it.",
      ],
      examples: [
        { line: "queuectl retry job1", sentence: "completed, dead, cancelled, or waiting for a retry" },
      ],
      options: [{ name: "dry-run", sentence: "only say what would come back" }],
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
      details: [
        "The id of an array, a flow or a schedule stands for its dead jobs. Jobs that died because they waited for one of these come back with it.",
      ],
      examples: [{ line: "queuectl dlq retry job1", sentence: "as if it were new" }],
      options: [{ name: "dry-run", sentence: "only say what would come back" }],
      load: () => import("../commands/retry.ts"),
    },
    {
      path: ["dlq", "remove"],
      aliases: [["dlq", "rm"]],
      usage: "ID…",
      args: { min: 1, max: Number.POSITIVE_INFINITY },
      sentence: "delete dead jobs for good",
      details: [
        "The id of an array, a flow or a schedule stands for its dead jobs. If those are several, it asks first; where nobody can be asked, it needs --yes.",
      ],
      examples: [{ line: "queuectl dlq remove job1 job2", sentence: "with their history and output" }],
      options: [{ name: "dry-run", sentence: "only say what would go" }],
      load: () => import("../commands/dlq-remove.ts"),
    },
    {
      path: ["prune"],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "remove old jobs and old output",
      details: [
        "Without options it does what workers do by themselves about once an hour: completed and cancelled jobs older than retain-completed and retain-cancelled go, and output older than retain-logs. Dead jobs and their output stay.",
        "--older goes beyond that, and asks first; where nobody can be asked, it needs --yes.",
      ],
      examples: [
        { line: "queuectl prune --dry-run", sentence: "how many jobs would go" },
        { line: "queuectl prune --state dead --older 90d --yes", sentence: "dead jobs go only like this" },
      ],
      options: [
        { name: "state", value: "STATE", sentence: "only jobs in this state: completed, cancelled or dead" },
        {
          name: "older",
          value: "TIME",
          sentence: "those that ended longer ago than this, whatever the settings say",
        },
        { name: "dry-run", sentence: "say what would be removed, and remove nothing" },
      ],
      load: () => import("../commands/prune.ts"),
    },
  ],
};

import type { CommandGroup } from "../command.ts";

/** What holds for all jobs and workers. */
export const SETTINGS_VERBS: CommandGroup = {
  title: "Settings",
  commands: [
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
      load: () => import("../commands/config-set.ts"),
    },
    {
      path: ["config", "get"],
      usage: "[KEY]",
      args: { min: 0, max: 1 },
      sentence: "one setting, bare, or all",
      examples: [{ line: "queuectl config get job-timeout", sentence: "in seconds; sizes in bytes" }],
      options: [{ name: "origin", sentence: "and where it comes from" }],
      load: () => import("../commands/config-get.ts"),
    },
    {
      path: ["config", "list"],
      aliases: [["config", "show"]],
      usage: "",
      args: { min: 0, max: 0 },
      sentence: "all settings",
      examples: [{ line: "queuectl config list --origin", sentence: "and where each comes from" }],
      options: [{ name: "origin", sentence: "and where each comes from" }],
      load: () => import("../commands/config-get.ts"),
    },
  ],
};

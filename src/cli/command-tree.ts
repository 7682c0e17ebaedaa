import type { CommandGroup, CommandSpec, OptionSpec } from "./command.ts";
import { ADD } from "./tree/add.ts";
import { FLOWS } from "./tree/flows.ts";
import { LOOK } from "./tree/look.ts";
import { MEND } from "./tree/mend.ts";
import { QUEUES } from "./tree/queues.ts";
import { SCHEDULE } from "./tree/schedule.ts";
import { SETTINGS_VERBS } from "./tree/settings.ts";
import { START } from "./tree/start.ts";
import { WORK } from "./tree/work.ts";

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

/** By what one wants to do, in the order in which help shows them. A verb is added in the file of its group. */
export const GROUPS: readonly CommandGroup[] = [
  START,
  ADD,
  FLOWS,
  SCHEDULE,
  WORK,
  LOOK,
  QUEUES,
  MEND,
  SETTINGS_VERBS,
];

export const COMMANDS: readonly CommandSpec[] = GROUPS.flatMap(({ commands }) => commands);

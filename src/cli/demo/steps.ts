import type { SettingKey } from "../../config/settings.ts";
import type { DeadReason, JobState } from "../../domain/job.ts";

/** One thing that the tour does and shows. */
export interface Step {
  /** One line of at most 80 columns, said first. */
  sentence: string;
  /** Waited for before the command runs; the retries of the job are shown meanwhile. */
  waitFor?: Expectation;
  command: TourCommand;
  /** What the store must come to say after the command. */
  expect: Expectation;
  /** By when what is waited for must have come; without it that of the tour. */
  patienceMs?: number;
}

/** What a user would type, as words; or a line for the shell, to do what is not queuectl's business. */
export type TourCommand = { queuectl: readonly string[] } | { shell: string };

/** A fact of the store. */
export type Expectation =
  | { kind: "setting"; key: SettingKey; value: string }
  | { kind: "workers"; count: number }
  | {
      kind: "job";
      id: string;
      state: JobState;
      executions: number;
      reason?: DeadReason;
      /** Part of what its newest execution printed; not the whole, which may be in the user's language. */
      printed?: string;
    };

/** The tour: what a job's life can hold, in the order in which one meets it. */
export const TOUR: readonly Step[] = [
  {
    sentence: "Settings live in the store. Short waits between retries, for a short tour:",
    command: { queuectl: ["config", "set", "backoff-base", "1.5"] },
    expect: { kind: "setting", key: "backoff-base", value: "1.5" },
  },
  {
    sentence: "A job is a shell command. This one will succeed:",
    command: { queuectl: ["enqueue", "--id", "greet", "echo hello from the queue"] },
    expect: { kind: "job", id: "greet", state: "pending", executions: 0 },
  },
  {
    sentence: "This one needs a file that is not there. It may be retried twice:",
    command: { queuectl: ["enqueue", "--id", "report", "--max-retries", "2", "cat numbers.txt"] },
    expect: { kind: "job", id: "report", state: "pending", executions: 0 },
  },
  {
    sentence: "Two workers, in the background. They would outlive this terminal:",
    command: { queuectl: ["worker", "start", "--count", "2"] },
    expect: { kind: "workers", count: 2 },
  },
  {
    sentence: "The first job has run. What did it print?",
    waitFor: { kind: "job", id: "greet", state: "completed", executions: 1 },
    command: { queuectl: ["logs", "greet"] },
    expect: {
      kind: "job",
      id: "greet",
      state: "completed",
      executions: 1,
      printed: "hello from the queue",
    },
  },
  {
    sentence: "The second fails. It is run again after 1.5 ^ n seconds, twice; then it is dead:",
    waitFor: { kind: "job", id: "report", state: "dead", executions: 3 },
    command: { queuectl: ["dlq", "list"] },
    expect: {
      kind: "job",
      id: "report",
      state: "dead",
      executions: 3,
      reason: "retries_spent",
      printed: "numbers.txt",
    },
  },
  {
    sentence: "That is the dead letter queue, with why and the last output. The whole history:",
    command: { queuectl: ["info", "report"] },
    expect: { kind: "job", id: "report", state: "dead", executions: 3 },
  },
  {
    sentence: "What was wrong is mended, by hand:",
    command: { shell: "echo 42 > numbers.txt" },
    expect: { kind: "job", id: "report", state: "dead", executions: 3 },
  },
  {
    sentence: "Back into the queue, with all its retries:",
    command: { queuectl: ["dlq", "retry", "report"] },
    expect: { kind: "job", id: "report", state: "completed", executions: 4, printed: "42" },
  },
  {
    sentence: "This time it worked:",
    command: { queuectl: ["logs", "report"] },
    expect: { kind: "job", id: "report", state: "completed", executions: 4, printed: "42" },
  },
  {
    sentence: "How the queue stands now:",
    command: { queuectl: ["status"] },
    expect: { kind: "workers", count: 2 },
  },
  {
    sentence: "Workers finish their jobs before they stop:",
    command: { queuectl: ["worker", "stop"] },
    expect: { kind: "workers", count: 0 },
  },
];

import { type ErrorCode, QueuectlError } from "../domain/errors.ts";

/** What a program does where a person would type a command. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  job_not_found: "All jobs: queue.list()",
  duplicate_id: "Choose another id, or leave it out to get a new one.",
  queue_draining: "To open it again: queue.queues.resume(name)",
  invalid_queue: "To let nothing start: queue.queues.pause(name)",
  queue_not_found: "All queues: queue.queues.list()",
  not_unique: "Wait for the other job, or cancel it; with uniqueReturn it is the answer.",
  unknown_dependency: "Nothing was enqueued. All jobs: queue.list()",
  dependency_failed: "Bring that one back, and this comes with it.",
  flow_not_found: "All flows: queue.flows.list()",
  duplicate_schedule: "To put this one in its place: replace: true",
  schedule_not_found: "All schedules: queue.schedules.list()",
  not_finished: "Wait for it, or cancel it first: queue.cancel(id)",
  not_dead: 'All dead jobs: queue.list({ state: "dead" })',
};

/** Waits for work that may be refused; a refusal that advises a person is made to advise a program. */
export async function forPrograms<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof QueuectlError ? toProgram(error) : error;
  }
}

function toProgram(error: QueuectlError): QueuectlError {
  const { code, message, cause, position } = error;
  const hint = hintFor(error);
  return hint === error.hint ? error : new QueuectlError(code, message, { hint, cause, position });
}

function hintFor({ code, hint }: QueuectlError): string | undefined {
  // It holds what the program itself has written: a step may well run queuectl.
  if (code === "invalid_flow") return hint;
  if (hint === undefined || /queuectl (list|info|retry|cancel|dlq|queue|flow|schedule)\b/.test(hint))
    return hint && HINTS[code];
  return hint.replace(/: --db (.+)$/, ': { db: "$1" }').replace(/ with --db\b/, ' by the option "db"');
}

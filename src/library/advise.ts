import type { Refusal } from "../domain/refusal.ts";

/** What a program can do about a refusal. */
export function advise(refusal: Refusal): string {
  switch (refusal.kind) {
    case "duplicate_id":
      return "Choose another id, or leave it out to get a new one.";
    case "not_unique":
      if (refusal.isOfList) return "Nothing was enqueued. Leave all but one of them out.";
      return `Wait for it: ${call("wait", refusal.other)}, or cancel it: ${call("cancel", refusal.other)}${refusal.verb === "enqueue" ? ". With uniqueReturn it is the answer." : ""}`;
    case "unknown_dependency":
      return "Nothing was enqueued. All jobs: queue.list()";
    case "no_run_to_await":
      return `Nothing was enqueued. To have one: ${call("schedules.run", refusal.on)}`;
    case "too_many_dependencies":
      return "Let one job in between depend on all of the first, and the others on that one. Nothing was enqueued.";
    case "queue_draining":
      return `Open it again: ${call("queues.resume", refusal.queue)}`;
    case "no_such_job":
      return "All jobs: queue.list()";
    case "group_for_job":
      return `How its jobs stand: queue.groups.get(${JSON.stringify(refusal.id)}). ${jobsOf(refusal.id)}`;
    case "wrong_state":
      return adviseChange(refusal);
    case "no_member":
      return jobsOf(refusal.group);
    case "no_run":
      return `What ends the schedule itself: ${call("schedules.pause", refusal.schedule)}, or schedules.remove.`;
    case "hopeless":
      return `Bring that one back, and this comes with it: ${call("retry", refusal.on)}`;
    case "no_such_flow":
      return "All flows: queue.flows.list()";
    case "no_such_queue":
      return "All queues: queue.queues.list()";
    case "pause_of_draining":
      return `If it may, open it first: ${call("queues.resume", refusal.queue)}`;
    case "no_such_schedule":
      return "All schedules: queue.schedules.list()";
    case "duplicate_schedule":
      return "To put this one in its place: replace: true";
    case "run_in_the_way": {
      const cancel = refusal.other === null ? "queue.cancel(id)" : call("cancel", refusal.other);
      return `Wait for it, or cancel it first: ${cancel}. With another overlap it would not stand in the way.`;
    }
    case "zero_limit":
      return `To let nothing start: ${refusal.queue === null ? "queue.queues.pause(name)" : call("queues.pause", refusal.queue)}`;
    case "other_store":
      return refusal.example === undefined
        ? `${refusal.advice} by the option "db".`
        : `${refusal.advice}: { db: ${JSON.stringify(refusal.example)} }`;
  }
}

function adviseChange({ change, id, state }: Extract<Refusal, { kind: "wrong_state" }>): string {
  switch (change) {
    case "cancel":
      return `Nothing of it runs or will run. To run it again: ${call("retry", id)}`;
    case "retry":
      return state === "processing"
        ? `Cancel it first: ${call("cancel", id)}`
        : `It will be run anyway: ${call("wait", id)}`;
    case "retryDead":
    case "removeDead":
      return 'All dead jobs: queue.list({ state: "dead" })';
  }
}

function call(method: string, id: string): string {
  return `queue.${method}(${JSON.stringify(id)})`;
}

function jobsOf(group: string): string {
  return `Its jobs: queue.list({ group: ${JSON.stringify(group)} })`;
}

import type { Refusal } from "../domain/refusal.ts";

/** What a person at a shell can do about a refusal. */
export function advise(refusal: Refusal): string {
  switch (refusal.kind) {
    case "duplicate_id": {
      const isJob = refusal.of === "job" && !refusal.isOfList;
      if (refusal.holder !== undefined)
        return `Choose another id, or leave it out to get a new one. Its jobs: queuectl list --of ${refusal.id}`;
      return `Choose another id, or leave it out to get a new one. ${isJob ? `The existing job: queuectl info ${refusal.id}` : "Nothing was enqueued."}`;
    }
    case "not_unique": {
      if (refusal.isOfList) return "Nothing was enqueued. Leave all but one of them out.";
      const instead = ". To get its id instead of this refusal: --unique-return";
      return `Wait for it, or cancel it: queuectl cancel ${refusal.other}${refusal.verb === "enqueue" ? instead : ""}`;
    }
    case "unknown_dependency":
      return "Nothing was enqueued. All jobs: queuectl list";
    case "no_run_to_await":
      return `Nothing was enqueued. To have one: queuectl schedule run ${refusal.on}`;
    case "too_many_dependencies":
      return "Let one job in between wait for all of the first, and the others for that one: queuectl enqueue --id between --after FIRST true, then --after between. Nothing was enqueued.";
    case "queue_draining":
      return `Open it again: queuectl queue resume ${refusal.queue}`;
    case "no_such_job":
      return "All jobs: queuectl list";
    case "group_for_job":
      return `Its jobs: queuectl list --of ${refusal.id}`;
    case "wrong_state":
      return adviseChange(refusal);
    case "no_member":
      return `Its jobs: queuectl list --of ${refusal.group}`;
    case "no_run":
      return `What ends the schedule itself: queuectl schedule pause ${refusal.schedule}, or remove in place of pause.`;
    case "hopeless":
      return `Bring that one back, and this comes with it: queuectl retry ${refusal.on}`;
    case "no_such_flow":
      return "All flows: queuectl flow list";
    case "no_such_queue":
      return "All queues: queuectl queue list";
    case "pause_of_draining":
      return `If it may, open it first: queuectl queue resume ${refusal.queue}`;
    case "no_such_schedule":
      return "All schedules: queuectl schedule list";
    case "duplicate_schedule":
      return "See it: queuectl schedule list. To put this one in its place: --replace";
    case "run_in_the_way":
      return `Wait for it, or cancel it first: queuectl cancel ${refusal.other ?? "ID"}. With another --overlap it would not stand in the way.`;
    case "zero_limit":
      return `To let nothing start: queuectl queue pause ${refusal.queue ?? "NAME"}`;
    case "other_store":
      return refusal.example === undefined
        ? `${refusal.advice} with --db.`
        : `${refusal.advice}: --db ${refusal.example}`;
  }
}

function adviseChange({ change, id, state }: Extract<Refusal, { kind: "wrong_state" }>): string {
  switch (change) {
    case "cancel":
      return `Nothing of it runs or will run. To run it again: queuectl retry ${id}`;
    case "retry":
      return state === "processing"
        ? `Cancel it first: queuectl cancel ${id}`
        : `It will be run anyway: queuectl info ${id}`;
    case "retryDead":
    case "removeDead":
      return `Only jobs in the dead letter queue can be ${change === "retryDead" ? "retried" : "removed"} here: queuectl dlq list`;
  }
}

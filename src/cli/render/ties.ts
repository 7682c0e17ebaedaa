import { CONDITIONS, type Condition, judgeDependency } from "../../domain/dependency.ts";
import { capitalised } from "../../domain/describe.ts";
import type { Job } from "../../domain/job.ts";
import { listDependencies } from "../../domain/job-conditions.ts";
import type { Store } from "../../store/store.ts";
import type { Facts } from "./facts.ts";
import { groupCounts } from "./group.ts";
import { visible } from "./visible.ts";

/** How many of the jobs that it waits for are named. */
const MOST_NAMED = 5;

const CONDITION_FACTS: Readonly<Record<Condition, string>> = {
  completed: "After",
  finished: "After any",
  failed: "After fail",
};

/** What ties a job to others: those that it was to wait for, those that it waits for now, and its group. */
export async function describeTies(store: Store, job: Job): Promise<Facts> {
  const given = CONDITIONS.map((condition): Facts[number] => {
    const ids = listDependencies(job, condition);
    return [CONDITION_FACTS[condition], ids.length === 0 ? null : ids.join(", ")];
  });
  const { dependencies, groups } =
    job.state === "blocked" ? await store.readWaits(job.seq) : { dependencies: [], groups: [] };
  const waits = [
    ...dependencies
      .filter(({ condition, state }) => judgeDependency(condition, state) === "waiting")
      .map(({ on, state }) => `${on} (${state})`),
    ...groups.filter(({ unmet }) => unmet.length > 0).map((group) => `${group.on} (${groupCounts(group)})`),
  ];
  const more = waits.length > MOST_NAMED ? ` and ${waits.length - MOST_NAMED} more` : "";
  return [
    ...given,
    ["Waits for", waits.length === 0 ? null : `${waits.slice(0, MOST_NAMED).join(", ")}${more}`],
    ...(await describeGroup(store, job)),
  ];
}

async function describeGroup(store: Store, { group }: Job): Promise<Facts> {
  const record = group && (await store.getGroup(group.id));
  if (!group || !record) return [];
  const member = group.kind === "array" ? `index ${group.member}` : visible(group.member);
  return [[capitalised(group.kind), `${group.id}, ${member} (${groupCounts(record)})`]];
}

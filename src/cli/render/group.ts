import { capitalised } from "../../domain/describe.ts";
import type { GroupRecord } from "../../store/store.ts";
import type { Io } from "../io.ts";
import { type Facts, renderFacts } from "./facts.ts";
import { timeText } from "./time.ts";
import { visible } from "./visible.ts";
import { foldLines, widthOf } from "./wrap.ts";

/** How many jobs a group has, and in which states: `50 jobs: 12 completed, 38 pending`. */
export function groupCounts({ counts }: Pick<GroupRecord, "counts">): string {
  const present = Object.entries(counts).filter(([, count]) => count > 0);
  const all = present.reduce((sum, [, count]) => sum + count, 0);
  const states = present.map(([state, count]) => `${count} ${state}`).join(", ");
  return `${all} ${all === 1 ? "job" : "jobs"}${states === "" ? "" : `: ${states}`}`;
}

/** A group for people. */
export function groupText(group: GroupRecord, io: Io): string {
  const { id, kind, name, maxRunning, maxFails, createdAt } = group;
  const facts: Facts = [
    ["Id", visible(id)],
    [capitalised(kind), visible(name)],
    ["State", groupCounts(group)],
    ["At once", maxRunning === null ? null : `at most ${maxRunning}`],
    ["Max fails", maxFails === null ? null : String(maxFails)],
    ["Created", timeText(createdAt, io)],
  ];
  return `${renderFacts(facts, widthOf(io.stdout)).join("\n")}\n\n${foldLines(`Its jobs: queuectl list --of ${visible(id)}\n`, widthOf(io.stdout))}`;
}

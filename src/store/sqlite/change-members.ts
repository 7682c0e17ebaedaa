import type { ChangedMembers, MembersChange } from "../store.ts";
import { cancelChangeable } from "./cancel.ts";
import type { Database } from "./database.ts";
import { findMembers } from "./groups.ts";
import { bringBackAll, removeAll } from "./requeue.ts";
import { settle } from "./settle.ts";

/** Does to some jobs of a group, and in one transaction, what would hold everyone up if it were done to all. */
export async function changeMembers(
  db: Database,
  group: string,
  { change, after, limit, now }: MembersChange,
): Promise<ChangedMembers> {
  return await db.write(() => {
    const members = findMembers(db, group, { change, after, limit });
    const ids = members.map(({ id }) => id);
    const next = members.length === limit ? (members.at(-1)?.seq ?? null) : null;
    const changed = { ids, next, running: [], tokens: [] };
    switch (change) {
      case "cancel": {
        const running = cancelChangeable(db, ids, now);
        settle(db, now);
        return { ...changed, running };
      }
      case "retry":
      case "retryDead":
        bringBackAll(db, ids, now);
        return changed;
      case "removeDead": {
        const tokens = removeAll(db, ids, now);
        return tokens === undefined ? { ...changed, ids: [], next: after } : { ...changed, tokens };
      }
    }
  });
}

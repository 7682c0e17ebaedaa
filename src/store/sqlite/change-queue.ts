import type { QueueChange } from "../store.ts";
import type { Database } from "./database.ts";
import { changeRate } from "./starts.ts";

export async function changeQueue(db: Database, name: string, change: QueueChange): Promise<void> {
  await db.write(() => {
    db.prepare(`
      INSERT INTO gates (scope, name, running)
      VALUES ('queue', ?1, coalesce((SELECT jobs FROM counters WHERE queue = ?1 AND state = 'processing'), 0))
      ON CONFLICT (scope, name) DO NOTHING`).run(name);
    const { state, maxRunning, rate } = change;
    if (state !== undefined)
      db.prepare("UPDATE gates SET state = ? WHERE scope = 'queue' AND name = ?").run(state, name);
    if (maxRunning !== undefined)
      db.prepare("UPDATE gates SET max_running = ? WHERE scope = 'queue' AND name = ?").run(maxRunning, name);
    if (rate !== undefined) changeRate(db, name, rate);
  });
}

import type { KeyRecord } from "../store.ts";
import type { Database } from "./database.ts";
import { readGate, setKeyLimit } from "./gates.ts";

/** Counted in the index alone. */
const WAITING =
  "jobs INDEXED BY jobs_by_key WHERE limit_key = ? AND state IN ('pending', 'blocked', 'failed')";

export async function listKeys(db: Database, wanted?: readonly string[]): Promise<KeyRecord[]> {
  return await db.read(() => {
    const rows =
      wanted === undefined
        ? db.prepare("SELECT name FROM gates WHERE scope = 'key' ORDER BY name").all()
        : db
            .prepare(
              "SELECT name FROM gates WHERE scope = 'key' AND name IN (SELECT value FROM json_each(?)) ORDER BY name",
            )
            .all(JSON.stringify(wanted));
    const count = db.prepare(`SELECT count(*) AS jobs FROM ${WAITING}`);
    return rows.map((row) => {
      const name = row["name"] as string;
      return { gate: readGate(db, "key", name), waiting: count.get(name)?.["jobs"] as number };
    });
  });
}

export async function changeKey(db: Database, name: string, maxRunning: number | null): Promise<boolean> {
  return await db.write(() => setKeyLimit(db, name, maxRunning));
}

export async function countBehindKeys(db: Database, atMost: number): Promise<number> {
  const row = await db.read(() =>
    db
      .prepare(`
        SELECT count(*) AS jobs FROM (
          SELECT 1 FROM gates CROSS JOIN jobs INDEXED BY jobs_by_key
            ON jobs.limit_key = gates.name AND jobs.state IN ('pending', 'failed')
          WHERE gates.scope = 'key' AND gates.running >= gates.max_running LIMIT ?)`)
      .get(atMost),
  );
  return row?.["jobs"] as number;
}

import type { Database } from "./database.ts";

export async function readSettings(db: Database): Promise<Record<string, string>> {
  const rows = await db.read(() => db.prepare("SELECT key, value FROM config").all());
  return Object.fromEntries(rows.map((row) => [row["key"], row["value"]]));
}

export async function writeSetting(db: Database, key: string, value: string): Promise<void> {
  await db.write(() => {
    db.prepare(
      "INSERT INTO config (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    ).run(key, value);
  });
}

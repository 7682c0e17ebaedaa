import type { Database } from "./database.ts";

/** What others have committed (https://www.sqlite.org/pragma.html#pragma_data_version), and the rows changed by this connection. */
export async function changeMark(db: Database): Promise<string> {
  return await db.read(() => {
    const others = db.prepare("PRAGMA data_version").get();
    const own = db.prepare("SELECT total_changes() AS changes").get();
    return `${others?.["data_version"]}/${own?.["changes"]}`;
  });
}

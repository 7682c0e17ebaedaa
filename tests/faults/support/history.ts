import { DatabaseSync } from "node:sqlite";
import type { Home } from "../../support/queuectl.ts";

/** An execution of any job, read from the table itself. */
export interface HistoryRow {
  id: string;
  token: number;
  number: number;
  worker: string;
  outcome: string | null;
  started_at: number;
  finished_at: number | null;
}

/** Every execution there ever was, in the order in which they were claimed. */
export function readHistory(home: Home): HistoryRow[] {
  const database = new DatabaseSync(home.db, { readOnly: true, timeout: 5_000 });
  try {
    return database
      .prepare(`
        SELECT id, token, number, executions.worker, outcome, started_at, finished_at
        FROM executions JOIN jobs ON jobs.seq = executions.job ORDER BY token`)
      .all() as unknown as HistoryRow[];
  } finally {
    database.close();
  }
}

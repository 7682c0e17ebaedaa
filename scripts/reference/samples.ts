import type { ShapeName } from "../../src/cli/json-shapes/shapes.ts";

const JOB = {
  id: "report",
  command: "cat figures.csv",
  state: "dead",
  attempts: 1,
  max_retries: 0,
  priority: 0,
  queue: "default",
  tags: ["nightly"],
  cwd: "/home/ada",
  timeout: null,
  backoff_base: null,
  run_at: null,
  next_run_at: null,
  exit_code: 1,
  error: "exit code 1",
  reason: "retries_spent",
  worker: null,
  created_at: "2026-11-25T14:51:09.723Z",
  updated_at: "2026-11-25T14:51:10.020Z",
};

/** What the most asked for shapes look like; the tests hold each to its shape. */
export const SAMPLES: Readonly<Partial<Record<ShapeName, object>>> = {
  job: JOB,
  "job with history": {
    ...JOB,
    suspicion: null,
    env: { API_TOKEN: "********" },
    executions: [
      {
        number: 1,
        worker: "w-kkx9r2",
        started_at: "2026-11-25T14:51:09.998Z",
        finished_at: "2026-11-25T14:51:10.020Z",
        duration: 0.012,
        outcome: "failed",
        exit_code: 1,
        signal: null,
        error: "exit code 1",
        late_outcome: null,
        late_at: null,
        cpu_seconds: 0.002005,
        max_rss_kb: 1708,
        stdout_tail: "",
        stderr_tail: "cat: figures.csv: No such file or directory\n",
        output_pruned: false,
      },
    ],
  },
  status: {
    counts: { pending: 0, blocked: 0, processing: 0, completed: 0, failed: 0, dead: 1, cancelled: 0 },
    workers: [
      {
        id: "w-gjbby8",
        pid: 5488,
        host: "mill",
        state: "running",
        pool: "p-g47qen",
        queues: null,
        concurrency: 1,
        current_jobs: [],
        started_at: "2026-11-25T14:51:10.464Z",
        heartbeat_at: "2026-11-25T14:51:10.464Z",
        jobs_done: 0,
      },
    ],
    oldest_pending_at: null,
    throughput: { last_minute: 1, last_hour: 1 },
  },
};

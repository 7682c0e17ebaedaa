import jobsWorkersConfig from "./migrations/0001_jobs_workers_config.sql";
import cancelLateResultsSuspects from "./migrations/0002_cancel_late_results_suspects.sql";
import retention from "./migrations/0003_retention.sql";
import executionUsage from "./migrations/0004_execution_usage.sql";
import pools from "./migrations/0005_pools.sql";
import gatesGroupsDependencies from "./migrations/0006_gates_groups_dependencies.sql";
import schedules from "./migrations/0007_schedules.sql";

/** In order; never edited after a release. The database's `user_version` is how many of them it has seen. */
export const MIGRATIONS: readonly string[] = [
  jobsWorkersConfig,
  cancelLateResultsSuspects,
  retention,
  executionUsage,
  pools,
  gatesGroupsDependencies,
  schedules,
];

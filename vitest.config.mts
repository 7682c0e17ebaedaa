import { defineConfig } from "vitest/config";
import { CountReporter } from "./scripts/count-reporter.ts";
import { FaultTable } from "./scripts/fault-table.ts";
import { sqlText } from "./scripts/sql-text.ts";

/** Two cores and real processes: a test waits for facts, so a slow machine costs time and not a failure. */
const LIMIT_MS = 120_000;

const config: ReturnType<typeof defineConfig> = defineConfig({
  plugins: [sqlText],
  test: {
    globalSetup: ["tests/support/build.ts"],
    reporters: ["default", new FaultTable(), new CountReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: "suite",
          include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
          exclude: ["tests/faults/**"],
          testTimeout: LIMIT_MS,
          hookTimeout: LIMIT_MS,
          pool: "forks",
        },
      },
      {
        extends: true,
        test: {
          name: "faults",
          include: ["tests/faults/**/*.test.ts"],
          hookTimeout: LIMIT_MS,
          pool: "forks",
          // One at a time, and after the suite: a row that measures must not compete with one that kills.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
export default config;

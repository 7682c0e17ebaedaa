import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { CountReporter } from "./scripts/count-reporter.ts";
import { FaultTable } from "./scripts/fault-table.ts";
import { sqlText } from "./scripts/sql-text.ts";

/** Two cores and real processes: a test waits for facts, so a slow machine costs time and not a failure. */
const LIMIT_MS = 120_000;

/**
 * Most of a test is waiting for processes; Vitest's own default is one less than there are cores. Never 1: it would then
 * run the suite behind the rows, whatever their order.
 */
const FILES_AT_ONCE = availableParallelism() + 1;

/** In the size that stands in every run no row holds a time against its target: they are files like any other. */
const isQuick = !process.env["FAULTS_SCALE"];

const config: ReturnType<typeof defineConfig> = defineConfig({
  plugins: [sqlText],
  test: {
    maxWorkers: FILES_AT_ONCE,
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
          // In other sizes one at a time, and after the suite: a row that measures must not compete with one that kills.
          ...(!isQuick && { fileParallelism: false, sequence: { groupOrder: 1 } }),
        },
      },
    ],
  },
});
export default config;

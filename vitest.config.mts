import { defineConfig } from "vitest/config";
import { CountReporter } from "./scripts/count-reporter.ts";
import { sqlText } from "./scripts/sql-text.ts";

const config: ReturnType<typeof defineConfig> = defineConfig({
  plugins: [sqlText],
  test: {
    include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
    globalSetup: ["tests/support/build.ts"],
    // Two cores and real processes: a test waits for facts, so a slow machine costs time and not a failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    reporters: ["default", new CountReporter()],
  },
});
export default config;

import { defineConfig } from "rolldown";
import { sqlText } from "./scripts/sql-text.ts";

/**
 * One file for the whole command: reading many small files was a third of the cold start.
 * CommonJS, because Node loads it faster than a module graph; dynamic imports stay lazy inside the file.
 */
const config: ReturnType<typeof defineConfig> = defineConfig({
  input: "src/cli/main.ts",
  platform: "node",
  plugins: [sqlText],
  output: { file: "dist/queuectl.cjs", format: "cjs", codeSplitting: false, comments: false },
});
export default config;

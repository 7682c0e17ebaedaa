import { defineConfig } from "rolldown";
import { lazyBuiltins } from "./scripts/lazy-builtins.ts";
import { sqlText } from "./scripts/sql-text.ts";
import { thirdPartyNotices } from "./scripts/third-party-notices.ts";

/**
 * One file for the whole command: reading many small files was a third of the cold start.
 * CommonJS, because Node loads it faster than a module graph; dynamic imports stay lazy inside the file.
 */
const command: ReturnType<typeof defineConfig> = defineConfig({
  input: "src/cli/main.ts",
  platform: "node",
  plugins: [sqlText, lazyBuiltins, thirdPartyNotices],
  // Wrapped in one more parenthesis, each module would be compiled eagerly, the unused ones too: 28 ms of every start.
  optimization: { pifeForModuleWrappers: false },
  output: { file: "dist/queuectl.cjs", format: "cjs", codeSplitting: false, comments: false, minify: true },
});

/** The library, as it is to be read in a debugger. An ES module alone: Node 24 can `require` it, too. */
const library: ReturnType<typeof defineConfig> = defineConfig({
  input: "src/index.ts",
  platform: "node",
  plugins: [sqlText],
  output: { file: "dist/index.mjs", format: "esm", codeSplitting: false },
});

const config: (typeof command)[] = [command, library];
export default config;

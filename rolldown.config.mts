import { join } from "node:path";
import { defineConfig } from "rolldown";
import { lazyBuiltins } from "./scripts/lazy-builtins.ts";
import { sqlText } from "./scripts/sql-text.ts";
import { thirdPartyNotices } from "./scripts/third-party-notices.ts";

/** Of the package's two builds the ES modules: what is bundled of CommonJS needs helpers, in one more file. */
const alias = { yaml: join(import.meta.dirname, "node_modules/yaml/browser/dist/index.js") };

/** The YAML parser is as large as all the rest, and loaded when a flow is read: a file of its own. */
const ALL_BUT_YAML = /^(?!.*(queue\/flow\/yaml\.ts|node_modules\/yaml\/))/;

/**
 * Three files for the whole command: what an `enqueue` needs, the parser of flows, and the rest. Reading many small files
 * was a third of the cold start; but a file is compiled whole before its first line runs, so what the others need is kept
 * out of the first. CommonJS, because Node loads it faster than a module graph; dynamic imports stay lazy inside the files.
 */
const command: ReturnType<typeof defineConfig> = defineConfig({
  input: { queuectl: "src/cli/main.ts" },
  platform: "node",
  resolve: { alias },
  plugins: [sqlText, lazyBuiltins, thirdPartyNotices],
  // Wrapped in one more parenthesis, each module would be compiled eagerly, the unused ones too: 28 ms of every start.
  optimization: { pifeForModuleWrappers: false },
  output: {
    dir: "dist",
    entryFileNames: "[name].cjs",
    chunkFileNames: "queuectl-[name].cjs",
    codeSplitting: {
      groups: [
        // A group takes what its modules import statically along; the entry is put into it.
        { name: "enqueue", priority: 2, test: /cli\/(main|commands\/enqueue)\.ts$/ },
        { name: "rest", priority: 1, test: ALL_BUT_YAML },
      ],
    },
    format: "cjs",
    // One sign beyond Latin-1 in a file, and V8 keeps the whole of it with two bytes a character.
    charset: "ascii",
    comments: false,
    minify: true,
  },
});

/** Else the bundler heads each module with its path, and where node_modules is a link, with one of this machine. */
const experimental = { attachDebugInfo: "none" } as const;

/** The library, as it is to be read in a debugger. ES modules: Node 24 can `require` them, too. */
const library: ReturnType<typeof defineConfig> = defineConfig({
  input: "src/index.ts",
  platform: "node",
  external: /flow\/yaml\.ts$/,
  plugins: [sqlText],
  experimental,
  output: {
    file: "dist/index.mjs",
    format: "esm",
    codeSplitting: false,
    paths: (id) => (id.endsWith("/yaml.ts") ? "./index-yaml.mjs" : id),
  },
});

/** Of the library too, a file of its own. */
const libraryYaml: ReturnType<typeof defineConfig> = defineConfig({
  input: "src/queue/flow/yaml.ts",
  platform: "node",
  resolve: { alias },
  experimental,
  output: { file: "dist/index-yaml.mjs", format: "esm" },
});

const config: (typeof command)[] = [command, library, libraryYaml];
export default config;

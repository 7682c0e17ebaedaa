// What npm runs in a checkout after an installation: the build, or a sentence about what it needs.
// CommonJS and not TypeScript: an installation that leaves things out runs this with the Node that the system has.
"use strict";

const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");

// By loading it: the bundler's own native half is an optional dependency, and can be missing alone.
import("rolldown").then(build, doWithout);

function build() {
  const { status } = spawnSync("npm run build", { cwd: root, shell: true, stdio: "inherit" });
  process.exitCode = status ?? 1;
}

function doWithout() {
  process.stderr.write("queuectl cannot be built without its development and optional dependencies");
  if (existsSync(join(root, "dist", "queuectl.cjs"))) {
    process.stderr.write("; dist/ stays as it is.\n");
  } else {
    process.stderr.write(`.\nIn ${root}, run: npm ci --include=dev --include=optional\n`);
    process.exitCode = 1;
  }
}

#!/usr/bin/env node
// The way in, in the oldest syntax that an ES module can have: whatever Node runs it must reach the sentence below.
// A Node that is new enough loads the bundle; an older one hands over to the Node that `npm install` put beside it.
import { createRequire } from "module";

var NEEDED = 24;
var require = createRequire(import.meta.url);

if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  require("./dist/queuectl.cjs");
} else {
  handOver(require("path").join(require("url").fileURLToPath(import.meta.url), "../node_modules/.bin/node"));
}

function handOver(node) {
  if (!require("fs").existsSync(node)) {
    process.stderr.write(
      "queuectl needs Node.js " + NEEDED + " or newer; this is " + process.version + ".\n" +
        "Install it from your system or nodejs.org; in a checkout of queuectl, run: npm install\n"
    );
    process.exit(1);
  }
  var child = require("child_process").spawn(node, process.argv.slice(1), { stdio: "inherit" });
  ["SIGTERM", "SIGHUP", "SIGINT"].forEach(function (signal) {
    var isPassedOn = false;
    process.on(signal, function () {
      if (!isPassedOn) child.kill(signal);
      isPassedOn = true;
    });
  });
  child.on("exit", function (code, signal) {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

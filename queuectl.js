#!/usr/bin/env node
// The way in, in old syntax: whatever Node runs it must get as far as the sentence below. A Node that is new enough
// loads the bundle; an older one hands over to the Node that `npm install` has put beside it.
// CommonJS, because a module graph, even of one file, costs every command two milliseconds.
"use strict";

var NEEDED = 24;

if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  require("./dist/queuectl.cjs");
} else {
  handOver(require("path").join(__dirname, "node_modules", ".bin", "node"));
}

function handOver(node) {
  if (!require("fs").existsSync(node)) {
    process.stderr.write(
      "queuectl needs Node.js " +
        NEEDED +
        " or newer; this is " +
        process.version +
        ".\n" +
        "Install it from your system or nodejs.org; in a checkout of queuectl, run: npm install\n",
    );
    process.exit(1);
  }
  // The child must know for whom it works: below PID 1 of a container, nothing may go to the background.
  process.env.QUEUECTL_SHIM_PID = String(process.pid);
  var child = require("child_process").spawn(node, process.argv.slice(1), { stdio: "inherit" });
  ["SIGTERM", "SIGHUP", "SIGINT"].forEach(function (signal) {
    // Each one: a worker takes two within half a second (a Ctrl-C reaches both of us) for one.
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  child.on("exit", function (code, signal) {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

#!/usr/bin/env node
// The way in, in old syntax: whatever Node runs it must get as far as the sentences below. A Node that is new enough
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
  // One that was handed over to and is too old itself must not hand over to itself for ever.
  var isHandedTo = process.env.QUEUECTL_SHIM_PID === String(process.ppid);
  if (isHandedTo || !require("fs").existsSync(node)) refuse("this is " + process.version);

  // Before there is a child: a signal that arrives meanwhile waits for it, instead of leaving it behind.
  ["SIGTERM", "SIGHUP", "SIGINT"].forEach(function (signal) {
    // Each one: a worker takes two within half a second (a Ctrl-C reaches both of us) for one.
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  // The child must know for whom it works: below PID 1 of a container, nothing may go to the background.
  process.env.QUEUECTL_SHIM_PID = String(process.pid);
  var child = require("child_process").spawn(node, process.argv.slice(1), { stdio: "inherit" });
  child.on("error", function (error) {
    refuse("this is " + process.version + ", and " + node + " cannot be started (" + error.code + ")");
  });
  child.on("exit", function (code, signal) {
    if (signal === null) process.exit(code);
    // PID 1 of a container does not die of its own signal; then this is what a shell would say.
    process.exitCode = 128 + require("os").constants.signals[signal];
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function refuse(why) {
  process.stderr.write(
    "queuectl needs Node.js " +
      NEEDED +
      " or newer; " +
      why +
      ".\n" +
      "Install it from your system or nodejs.org; in a checkout of queuectl, run: npm install\n",
  );
  process.exit(1);
}

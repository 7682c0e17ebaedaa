"use strict";
// Loaded into a worker by NODE_OPTIONS: at SIGUSR2 its event loop stands still for so many milliseconds.
process.on("SIGUSR2", () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env.FAULT_BLOCK_MS));
});

import { existsSync } from "node:fs";

const SHELL = "/bin/sh";

/** Passes signals on, ends as the worker ends, and meanwhile reaps whatever else ends: `wait` collects every child. */
const INIT = `
for signal in TERM INT HUP; do trap "kill -$signal \\"\\$worker\\"" $signal; done
"$@" &
worker=$!
while :; do
  wait "$worker"
  code=$?
  kill -0 "$worker" 2>/dev/null || exit "$code"
done`;

/**
 * PID 1 of a container inherits every orphan in it, and Node reaps only what it has started itself: the rest would stay
 * as zombies until the process table is full. So PID 1 becomes a shell that does reap, and the worker its child. Does
 * not return, unless there is no shell; then a container needs an init of its own (`docker run --init`).
 */
export function leaveInit(): void {
  if (!existsSync(SHELL)) return;
  // What PID 1 was asked to do it stays for; its child could not know that it is below an init.
  const worker = [process.execPath, ...process.argv.slice(1), "--foreground"];
  process.execve?.(SHELL, [SHELL, "-c", INIT, SHELL, ...worker], process.env);
}

import { type ChildProcess, spawn } from "node:child_process";

/**
 * Several workers in this terminal: this process starts them, passes signals on, and ends when they have. Their lines
 * come straight from them.
 */
export async function startForegroundPool(count: number): Promise<number> {
  const argv = [...process.argv.slice(1), "--foreground", "--count=1"];
  const children = Array.from({ length: count }, () => spawn(process.execPath, argv, { stdio: "inherit" }));
  passSignalsOn((signal) => {
    for (const child of children) child.kill(signal);
  });
  return Math.max(...(await Promise.all(children.map(exitCodeOf))));
}

function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve(code ?? 1));
    child.once("error", () => resolve(1));
  });
}

function passSignalsOn(pass: (signal: NodeJS.Signals) => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, pass);
}

import { openBenchStore } from "./bench-store.ts";
import { claim } from "./claim.ts";
import { cold } from "./cold.ts";
import { drain } from "./drain.ts";
import { due } from "./due.ts";
import { exactlyOnce } from "./exactly-once.ts";
import { idle } from "./idle.ts";
import { launch } from "./launch.ts";
import { limits } from "./limits.ts";
import { output } from "./output.ts";
import { pickup } from "./pickup.ts";
import { recovery } from "./recovery.ts";
import { schedule } from "./schedule.ts";

const BENCHMARKS = {
  schedule,
  "exactly-once": exactlyOnce,
  recovery,
  pickup,
  due,
  limits,
  claim,
  cold,
  idle,
  drain,
  output,
  launch,
} as const;

const names = Object.keys(BENCHMARKS) as (keyof typeof BENCHMARKS)[];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(names as string[]).includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark ${unknown.join(", ")}; there are: ${names.join(", ")}\n`);
  process.exit(1);
}

for (const name of names) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const store = openBenchStore();
  try {
    process.stdout.write(`\n${name}\n`);
    for await (const line of BENCHMARKS[name](store)) process.stdout.write(`  ${line}\n`);
  } finally {
    await store.remove();
  }
}

import { spawnSync } from "node:child_process";
import { type BenchStore, summary } from "./bench-store.ts";

const ROUNDS = 40;

/** In turns, so that a machine that changes its speed changes both. */
export async function* cold({ argv, env }: BenchStore): AsyncGenerator<string> {
  const time = (args: string[]): number => {
    const startedAt = performance.now();
    if (spawnSync(process.execPath, args, { env }).status !== 0) throw new Error(`${args.join(" ")} failed`);
    return performance.now() - startedAt;
  };
  const ours: number[] = [];
  const bare: number[] = [];
  time(argv("enqueue", "--quiet", "--", "true"));
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(time(["-e", "0"]));
    ours.push(time(argv("enqueue", "--quiet", "--", "true")));
  }
  const ratios = ours.map((each, round) => each / (bare[round] ?? each));
  yield `queuectl enqueue: ${summary(ours, "ms")}`;
  yield `node -e 0: ${summary(bare, "ms")}`;
  yield `ratio, pair by pair: ${summary(ratios, "")}`;
}

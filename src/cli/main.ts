import { run } from "./run.ts";
import { systemIo } from "./system-io.ts";

// The answer is committed and written by now. Leaving at once saves the teardown of the runtime.
void run(process.argv.slice(2), systemIo()).then((exitCode) => process.exit(exitCode));

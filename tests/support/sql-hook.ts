import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";

/** Lets a program of the tests run from its sources: importing a `.sql` file gives its text, as in the bundle. */
registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith(".sql")) return nextLoad(url, context);
    const source = `export default ${JSON.stringify(readFileSync(new URL(url), "utf8"))};`;
    return { format: "module", source, shortCircuit: true };
  },
});

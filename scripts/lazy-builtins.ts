/**
 * A bundler plugin: Node's own modules are loaded when they are first used, not when the bundle starts. Together the
 * ones that only a worker needs (`child_process`, `fs/promises`, …) cost an enqueue 10 ms.
 */
export const lazyBuiltins = {
  name: "lazy-builtins",
  renderChunk(code: string): string {
    const names = new Map<string, string>();
    const declared = code.replace(
      /^let (node_\w+) = require\("(node:[\w/]+)"\);$/gm,
      (_, name: string, id: string) => {
        names.set(name, id);
        return `let ${name};`;
      },
    );
    if (/\brequire\("node:/.test(declared))
      throw new Error("The bundle requires a built-in module at once: has the bundler changed its output?");
    return declared.replace(/\b(node_\w+)\./g, (text, name: string) => {
      const id = names.get(name);
      return id === undefined ? text : `(${name} ??= require("${id}")).`;
    });
  },
};

/** A plugin for bundler and test runner alike: importing a `.sql` file gives its text. */
export const sqlText = {
  name: "sql-text",
  transform(code: string, id: string): { code: string; map: null; moduleType?: "js" } | undefined {
    if (!id.endsWith(".sql")) return undefined;
    return { code: `export default ${JSON.stringify(code)};`, map: null, moduleType: "js" };
  },
};

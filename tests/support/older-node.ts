import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A Node on the PATH that is too old to run the bundle, so that `queuectl.js` must hand over to another. */
export const OLDER_NODE: string | undefined = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((directory) => join(directory, "node"))
  .filter((file) => existsSync(file))
  .find((file) => {
    const major = Number(/^v(\d+)/.exec(execFileSync(file, ["--version"], { encoding: "utf8" }))?.[1]);
    return major >= 12 && major < 24;
  });

import { version as packageVersion } from "../../package.json" with { type: "json" };

export function version(): string {
  return packageVersion;
}

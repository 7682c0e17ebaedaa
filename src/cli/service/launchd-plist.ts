import { join } from "node:path";
import { quoteArgv } from "../../domain/shell-quote.ts";
import type { ServicePlan, ServiceSpec } from "./service-plan.ts";

/** A property list for launchd, written after launchd.plist(5). It has not been run on a Mac yet. */
export function launchdPlan(spec: ServiceSpec): ServicePlan {
  const isSystem = spec.scope === "system";
  const path = join(
    isSystem ? "/Library/LaunchDaemons" : join(spec.home, "Library/LaunchAgents"),
    `${spec.name}.plist`,
  );
  const [launchctl, domain] = isSystem ? ["sudo launchctl", "system"] : ["launchctl", `gui/${spec.uid}`];
  return {
    unit: spec.name,
    path,
    content: plistText(spec),
    enabledPath: null,
    commands: {
      start: [`${launchctl} bootstrap ${domain} ${quoteArgv([path])}`],
      stop: [`${launchctl} bootout ${domain}/${spec.name}`],
      reload: [],
    },
  };
}

function plistText({ name, argv, env, home, scope, user, stopMs }: ServiceSpec): string {
  const log = join(home, "Library/Logs", `${name}.log`);
  const entries: [string, string][] = [
    ["Label", string(name)],
    ...(scope === "system" ? ([["UserName", string(user)]] as [string, string][]) : []),
    ["ProgramArguments", `<array>${argv.map(string).join("")}</array>`],
    [
      "EnvironmentVariables",
      `<dict>${Object.entries(env)
        .map(([key, value]) => entry(key, string(value)))
        .join("")}</dict>`,
    ],
    ["RunAtLoad", "<true/>"],
    ["KeepAlive", "<true/>"],
    // 0 is for ever.
    ["ExitTimeOut", `<integer>${stopMs === null ? 0 : Math.ceil(stopMs / 1_000)}</integer>`],
    ["StandardOutPath", string(log)],
    ["StandardErrorPath", string(log)],
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
${entries.map(([key, value]) => `  ${entry(key, value)}`).join("\n")}
</dict>
</plist>
`;
}

function entry(key: string, value: string): string {
  return `<key>${escapeXml(key)}</key>${value}`;
}

function string(text: string): string {
  return `<string>${escapeXml(text)}</string>`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

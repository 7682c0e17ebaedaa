import { expect, test } from "vitest";
import { launchdPlan } from "./launchd-plist.ts";
import type { ServiceSpec } from "./service-plan.ts";

const SPEC: ServiceSpec = {
  name: "queuectl",
  scope: "user",
  user: "ann",
  uid: 501,
  home: "/Users/ann",
  configHome: undefined,
  argv: ["/usr/local/bin/node", "/opt/queuectl.js", "--db=/Users/ann/a & b.db"],
  env: { PATH: "/usr/bin:/bin" },
  db: "/Users/ann/a & b.db",
  stopMs: null,
};

test("a user's agent, word for word", () => {
  expect(launchdPlan(SPEC)).toEqual({
    unit: "queuectl",
    path: "/Users/ann/Library/LaunchAgents/queuectl.plist",
    enabledPath: null,
    commands: {
      start: ["launchctl bootstrap gui/501 /Users/ann/Library/LaunchAgents/queuectl.plist"],
      stop: ["launchctl bootout gui/501/queuectl"],
      reload: [],
    },
    content: `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>queuectl</string>
  <key>ProgramArguments</key><array><string>/usr/local/bin/node</string><string>/opt/queuectl.js</string><string>--db=/Users/ann/a &amp; b.db</string></array>
  <key>EnvironmentVariables</key><dict><key>PATH</key><string>/usr/bin:/bin</string></dict>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><true/>
  <key>ExitTimeOut</key><integer>0</integer>
  <key>StandardOutPath</key><string>/Users/ann/Library/Logs/queuectl.log</string>
  <key>StandardErrorPath</key><string>/Users/ann/Library/Logs/queuectl.log</string>
</dict>
</plist>
`,
  });
});

test("a daemon of the machine runs as the user", () => {
  const { path, content, commands } = launchdPlan({ ...SPEC, scope: "system", stopMs: 20_000 });
  expect(path).toBe("/Library/LaunchDaemons/queuectl.plist");
  expect(content).toContain("<key>UserName</key><string>ann</string>");
  expect(content).toContain("<key>ExitTimeOut</key><integer>20</integer>");
  expect(commands.start).toEqual(["sudo launchctl bootstrap system /Library/LaunchDaemons/queuectl.plist"]);
});

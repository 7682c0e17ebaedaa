import { expect, test } from "vitest";
import type { ServiceSpec } from "./service-plan.ts";
import { systemdPlan } from "./systemd-unit.ts";

const SPEC: ServiceSpec = {
  name: "queuectl",
  scope: "user",
  user: "ann",
  uid: 1000,
  home: "/home/ann",
  configHome: undefined,
  argv: ["/usr/bin/node", "/opt/queuectl/queuectl.js", "worker", "start", "--db=/home/ann/q.db"],
  env: { PATH: "/usr/bin:/bin" },
  db: "/home/ann/q.db",
  stopMs: null,
};

test("a user's unit, word for word", () => {
  expect(systemdPlan(SPEC)).toEqual({
    unit: "queuectl.service",
    path: "/home/ann/.config/systemd/user/queuectl.service",
    enabledPath: "/home/ann/.config/systemd/user/default.target.wants/queuectl.service",
    commands: {
      start: [
        "systemctl --user daemon-reload",
        "systemctl --user enable --now queuectl.service",
        "loginctl enable-linger ann",
      ],
      stop: ["systemctl --user disable --now queuectl.service"],
      reload: ["systemctl --user daemon-reload"],
    },
    content: `[Unit]
Description=queuectl workers of /home/ann/q.db
StartLimitIntervalSec=0

[Service]
Type=exec
Environment=PATH=/usr/bin:/bin
ExecStart=/usr/bin/node /opt/queuectl/queuectl.js worker start --db=/home/ann/q.db
Restart=always
RestartSec=5
KillMode=mixed
TimeoutStopSec=infinity

[Install]
WantedBy=default.target
`,
  });
});

test("a unit of the machine names the user, and starts with it", () => {
  const { path, content, commands } = systemdPlan({ ...SPEC, name: "media", scope: "system" });
  expect(path).toBe("/etc/systemd/system/media.service");
  expect(content).toContain("\nUser=ann\n");
  expect(content).toContain("\nWantedBy=multi-user.target\n");
  expect(commands.start).toEqual([
    "sudo systemctl daemon-reload",
    "sudo systemctl enable --now media.service",
  ]);
});

test("a stop with a bound has one, in whole seconds upwards", () => {
  expect(systemdPlan({ ...SPEC, stopMs: 30_001 }).content).toContain("\nTimeoutStopSec=31\n");
});

test("the user's own directory for configuration is kept to", () => {
  expect(systemdPlan({ ...SPEC, configHome: "/conf" }).path).toBe("/conf/systemd/user/queuectl.service");
});

test.each([
  ["a blank", "/a b", '"/a b"', '"N=/a b"'],
  ["a percent sign", "/a%b", "/a%%b", "N=/a%%b"],
  ["a dollar sign", "/a$b", '"/a$$b"', '"N=/a$b"'],
  ["quotes", `/a"b'c`, `"/a\\"b'c"`, `"N=/a\\"b'c"`],
  ["a backslash", "/a\\b", '"/a\\\\b"', '"N=/a\\\\b"'],
  ["a line break", "/a\nb", '"/a\\nb"', '"N=/a\\nb"'],
  ["a semicolon", ";", '";"', '"N=;"'],
])("a word with %s is written as systemd reads it", (_, word, inCommand, inEnvironment) => {
  const { content } = systemdPlan({ ...SPEC, argv: ["/n", word], env: { N: word }, db: word });
  expect(content).toContain(`\nExecStart=/n ${inCommand}\n`);
  expect(content).toContain(`\nEnvironment=${inEnvironment}\n`);
  expect(content.split("\n")).toHaveLength(16);
});

import { join } from "node:path";
import type { ServicePlan, ServiceSpec } from "./service-plan.ts";

/**
 * A unit for systemd (systemd.service(5), systemd.kill(5)):
 *
 * - `KillMode=mixed`: at a stop the workers are told first, and alone; their jobs may end. Whoever is left when the time
 *   is up, or when the workers have gone, is killed.
 * - `TimeoutStopSec`: longer than the workers themselves take, so that they decide what becomes of a job.
 * - `StartLimitIntervalSec=0`: a disk that is full for an hour must not end the service for good.
 */
export function systemdPlan(spec: ServiceSpec): ServicePlan {
  const unit = `${spec.name}.service`;
  const isSystem = spec.scope === "system";
  const folder = isSystem
    ? "/etc/systemd/system"
    : join(spec.configHome ?? join(spec.home, ".config"), "systemd/user");
  const target = isSystem ? "multi-user.target" : "default.target";
  const systemctl = isSystem ? "sudo systemctl" : "systemctl --user";
  return {
    unit,
    path: join(folder, unit),
    content: unitText(spec, target),
    enabledPath: join(folder, `${target}.wants`, unit),
    commands: {
      start: [
        `${systemctl} daemon-reload`,
        `${systemctl} enable --now ${unit}`,
        // Else a user's services begin at the first login, and end with the last.
        ...(isSystem ? [] : [`loginctl enable-linger ${spec.user}`]),
      ],
      stop: [`${systemctl} disable --now ${unit}`],
      reload: [`${systemctl} daemon-reload`],
    },
  };
}

function unitText({ argv, env, db, scope, user, stopMs }: ServiceSpec, target: string): string {
  const [program = "", ...words] = argv;
  const environment = Object.entries(env).map(([name, value]) => `Environment=${quote(`${name}=${value}`)}`);
  const lines = [
    "[Unit]",
    `Description=queuectl workers of ${escapeSpecifiers(oneLine(db))}`,
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    ...(scope === "system" ? [`User=${user}`] : []),
    ...environment,
    `ExecStart=${[quote(program), ...words.map((word) => quote(word.replaceAll("$", "$$$$")))].join(" ")}`,
    "Restart=always",
    "RestartSec=5",
    "KillMode=mixed",
    `TimeoutStopSec=${stopMs === null ? "infinity" : Math.ceil(stopMs / 1_000)}`,
    "",
    "[Install]",
    `WantedBy=${target}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** A word as systemd.syntax(7) reads it back: `%` begins a specifier, quotes and backslashes are its own. */
function quote(word: string): string {
  const escaped = escapeSpecifiers(word)
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

function escapeSpecifiers(text: string): string {
  return text.replaceAll("%", "%%");
}

/** A description is the rest of its line. */
function oneLine(text: string): string {
  return text.replaceAll("\n", " ");
}

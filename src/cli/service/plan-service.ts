import { homedir, userInfo } from "node:os";
import { QueuectlError } from "../../domain/errors.ts";
import { ID_RULE, isId } from "../../domain/id.ts";
import type { Invocation } from "../command.ts";
import type { Io } from "../io.ts";
import { launchdPlan } from "./launchd-plist.ts";
import type { ServicePlan, ServiceSpec } from "./service-plan.ts";
import { systemdPlan } from "./systemd-unit.ts";

/** The plan for this machine's init system. */
export function planService(
  { options }: Invocation,
  io: Io,
  what: Pick<ServiceSpec, "argv" | "env" | "db" | "stopMs">,
): ServicePlan {
  const scope = options.has("system") ? "system" : "user";
  const { username, uid } = userInfo();
  const spec: ServiceSpec = {
    ...what,
    name: readName(options.text("name")),
    scope,
    // Whoever installs for the machine does so by sudo; the jobs are not therefore root's.
    user: (scope === "system" && io.env["SUDO_USER"]) || username,
    uid,
    home: io.env["HOME"] || homedir(),
    configHome: io.env["XDG_CONFIG_HOME"] || undefined,
  };
  return process.platform === "darwin" ? launchdPlan(spec) : systemdPlan(spec);
}

function readName(name = "queuectl"): string {
  if (isId(name)) return name;
  throw new QueuectlError("invalid_usage", `--name cannot be "${name}"`, {
    hint: `A service's name has ${ID_RULE}.`,
  });
}

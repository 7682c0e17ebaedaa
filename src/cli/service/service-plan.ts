/** A service that keeps workers running, whatever init system will do it. Everything in it is absolute. */
export interface ServiceSpec {
  /** `queuectl`, or what was given to tell several apart. */
  name: string;
  /** For one user, or for the machine. */
  scope: "user" | "system";
  /** Whose workers they are. */
  user: string;
  uid: number;
  /** That user's home directory. */
  home: string;
  /** Where units of the user stand, when not below the home: XDG_CONFIG_HOME. */
  configHome: string | undefined;
  /** Node, the program, its words. */
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  /** The store, for people who read the description. */
  db: string;
  /** How long a stop may take; null means as long as the jobs do. */
  stopMs: number | null;
}

/** What is to be written, and what then makes the init system take note. */
export interface ServicePlan {
  /** What the init system calls it. */
  unit: string;
  path: string;
  content: string;
  /** There once the service is enabled; null where that leaves no trace. */
  enabledPath: string | null;
  /** For a person to run after the file was written: `start` begins the service now and at every boot. */
  commands: { start: readonly string[]; stop: readonly string[]; reload: readonly string[] };
}

import { QueuectlError } from "../domain/errors.ts";

/** The refusal of a command line that cannot be meant as it was typed. */
export function usage(message: string, hint?: string): QueuectlError {
  return new QueuectlError("invalid_usage", message, { hint });
}

import { QueuectlError, restate } from "../domain/errors.ts";
import { advise } from "./advise.ts";

/** Waits for work that may be refused: a refusal comes with what a program can do about it. */
export async function forPrograms<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof QueuectlError && error.hint === undefined && error.refusal
      ? restate(error, error.message, advise(error.refusal))
      : error;
  }
}

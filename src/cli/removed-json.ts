/** What was removed, by id or name. */
export interface RemovedJson {
  removed: readonly string[];
}

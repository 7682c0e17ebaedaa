/** How long what is finished is kept; null means for ever. Dead jobs are not here: they wait for a person. */
export interface Retention {
  completedMs: number | null;
  cancelledMs: number | null;
  logsMs: number | null;
}

/*
 * A keeper runs one job after another and owns the processes of the one it runs. It is the reaper of orphans for all that the
 * job starts, so whatever forks twice, leaves its session or wipes its environment becomes the keeper's own child at the
 * latest when its parents are gone, and no other job's. The job is over when the keeper has no child left.
 */
#ifndef KEEPER_H
#define KEEPER_H

/* Serves the jobs that come over this socket until it ends; then kills what runs and exits. */
_Noreturn void keep(int channel);

#endif

# PID 1 of a pid namespace of its own, where pids can be dealt out: a worker is killed, so is its job, and strangers get
# both their pids. Prints how many of the strangers are there in the end, and whom the command took for workers meanwhile.
# Usage: pid-reuse.sh JOB QUEUECTL...
job=$1
shift

# Waits until nobody has the pid: as PID 1 this shell takes note of an orphan's end while it waits for another process.
free() { while [ -e "/proc/$1" ]; do sleep 0.01; done; }

# Starts a sleeper in a session of its own under that very pid; again, when one that started just then was faster.
stranger() {
  free "$1"
  while :; do
    echo $(($1 - 1)) > /proc/sys/kernel/ns_last_pid
    setsid sleep 600 &
    [ $! = "$1" ] && return
    kill -9 $!
    free "$1"
  done
}

"$@" enqueue --quiet --id "$job" > /dev/null --command \
  '[ $QUEUECTL_ATTEMPT -gt 1 ] || { echo $$ > $QUEUECTL_JOB_ID; exec sleep 600; }' || exit
"$@" worker start --quiet & worker=$!
until [ -s "$job" ]; do sleep 0.02; done
shell=$(cat "$job")
kill -9 "$worker" "$shell"
stranger "$worker"
stranger "$shell"
"$@" worker status | head -n 1
"$@" worker stop
# Finds the dead worker, and takes its job back.
"$@" worker start --drain --quiet
"$@" worker stop "$worker" 2> /dev/null
echo "stop of the stranger: exit $?"
alive=0
for pid in "$worker" "$shell"; do grep -q '^State:.S' "/proc/$pid/status" && alive=$((alive + 1)); done
echo "strangers alive: $alive"

#!/usr/bin/env bash
# Many jobs, several workers, each job exactly once. Every job appends its own id to a file; the file is the judge.
#   scripts/concurrency_test.sh [JOBS] [WORKERS]
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
queuectl() { node "$here/queuectl.js" "$@"; }
jobs=${1:-100}
workers=${2:-4}

QUEUECTL_HOME=$(mktemp -d)
export QUEUECTL_HOME
trap 'queuectl worker stop --force --quiet; rm -rf "$QUEUECTL_HOME"' EXIT

ran=$QUEUECTL_HOME/ran
for n in $(seq "$jobs"); do
  echo "{\"id\":\"job$n\",\"command\":\"echo \$QUEUECTL_JOB_ID >> $ran\"}"
done | queuectl enqueue - --quiet > /dev/null

# In the foreground: returns when every worker has found nothing left to do.
queuectl worker start --foreground --count "$workers" --concurrency 2 --drain --quiet

total=$(wc -l < "$ran")
different=$(sort -u "$ran" | wc -l)
echo "$jobs jobs, $workers workers: $total executions of $different different jobs"
[ "$total" -eq "$jobs" ] && [ "$different" -eq "$jobs" ] || { echo "FAILED" >&2; exit 1; }
queuectl status | grep -q "completed : $jobs" || { queuectl status >&2; exit 1; }
echo "Each ran exactly once."

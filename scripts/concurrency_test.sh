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

# One job a line, all in one transaction. A line of this length is appended whole, whoever else appends.
ran=$QUEUECTL_HOME/ran
for n in $(seq "$jobs"); do
  echo "{\"id\":\"job$n\",\"command\":\"echo \$QUEUECTL_JOB_ID >> $ran\"}"
done | queuectl enqueue - --quiet > /dev/null

# In the foreground: returns when every worker has found nothing left to do. Each runs two jobs at once.
queuectl worker start --foreground --count "$workers" --concurrency 2 --drain --quiet

# As many lines as jobs, and no two alike: none was left out, none ran twice.
total=$(wc -l < "$ran")
different=$(sort -u "$ran" | wc -l)
echo "$jobs jobs, $workers workers: $total executions of $different different jobs"
if [ "$total" -ne "$jobs" ] || [ "$different" -ne "$jobs" ]; then
  echo "FAILED" >&2
  exit 1
fi

# The queue says the same.
if ! queuectl status | grep -q "completed : $jobs"; then
  queuectl status >&2
  exit 1
fi
echo "Each ran exactly once."

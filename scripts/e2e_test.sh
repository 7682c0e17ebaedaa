#!/usr/bin/env bash
# The whole life of jobs, from the shell: a success, a retry that ends in the dead letter queue, an invalid command, a
# revival, a stop that waits, and a worker that is killed. Uses a store of its own; run it from anywhere:
#   scripts/e2e_test.sh
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
queuectl() { node "$here/queuectl.js" "$@"; }

# Everything of queuectl stands in its home, so a home that is thrown away is a queue that is thrown away.
QUEUECTL_HOME=$(mktemp -d)
export QUEUECTL_HOME
trap 'queuectl worker stop --force --quiet; rm -rf "$QUEUECTL_HOME"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# expect WHAT TEXT OUTPUT: the output holds the text.
expect() {
  [[ "$3" == *"$2"* ]] || fail "$1: '$2' is not in: $3"
  echo "ok: $1"
}

# until_state ID STATE: waits until the job is in the state.
until_state() {
  for _ in $(seq 300); do
    [[ $(queuectl info "$1") == *"State     : $2"* ]] && return
    sleep 0.1
  done
  fail "$1 did not become $2: $(queuectl info "$1")"
}

echo "# Three jobs: one that succeeds, one that always fails, one whose command does not exist"
queuectl config set backoff-base 0.2 --quiet # wait for 0.2 and 0.04 seconds, not for 2 and 4
expect "a job is enqueued" "Job enqueued successfully. ID: greet" "$(queuectl enqueue '{"id":"greet","command":"echo hello"}')"
queuectl enqueue --quiet --id flaky --max-retries 2 "echo trying >&2; exit 3" > /dev/null
queuectl enqueue --quiet --id typo --max-retries 0 "no-such-command-anywhere" > /dev/null

echo "# Two workers in the background run them"
expect "workers start" "Worker PIDs: " "$(queuectl worker start --count 2)"

until_state greet completed
expect "a basic job completes, and its output is kept" "hello" "$(queuectl logs greet)"

until_state flaky dead
expect "a failing job is retried and goes to the DLQ" "flaky" "$(queuectl dlq list)"
expect "after 1 + 2 executions" "3/3" "$(queuectl info flaky)"

until_state typo dead
expect "an invalid command fails gracefully" "exit code 127" "$(queuectl info typo)"

echo "# A person brings the dead job back"
expect "a dead job is re-queued" "Job flaky has been re-queued for retry." "$(queuectl dlq retry flaky)"
until_state flaky dead
expect "its history goes on" "Execution 6" "$(queuectl info flaky)"

echo "# A stop waits for the job that runs"
queuectl enqueue --quiet --id slow "sleep 1; echo finished" > /dev/null
until_state slow processing
expect "the workers stop" "Signal sent to all workers to stop gracefully." "$(queuectl worker stop)"
expect "the current job has finished" "finished" "$(queuectl logs slow)"
expect "nobody is left" "Active Workers: 0" "$(queuectl status)"
expect "the data survives" "completed : 2" "$(queuectl status)"

echo "# A worker is killed in the middle of a job, and another one starts"
queuectl enqueue --quiet --id precious 'test "$QUEUECTL_ATTEMPT" -gt 1 || sleep 600' > /dev/null
victim=$(queuectl worker start --count 1 --quiet)
until_state precious processing
kill -9 "$victim"
queuectl worker start --count 1 --quiet > /dev/null
until_state precious completed
expect "the job of a killed worker runs again, and no retry is spent" "0/4" "$(queuectl info precious)"
expect "its first execution is known to be lost" "Execution 1: lost" "$(queuectl info precious)"

echo "All is well."

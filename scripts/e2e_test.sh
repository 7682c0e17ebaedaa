#!/usr/bin/env bash
# The whole life of jobs, from the shell: a success, a retry that ends in the dead letter queue, an invalid command, and
# a revival. Uses a store of its own; run it from anywhere:  scripts/e2e_test.sh
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
queuectl() { node "$here/queuectl.js" "$@"; }

QUEUECTL_HOME=$(mktemp -d)
export QUEUECTL_HOME
trap 'queuectl worker stop --force --quiet; rm -rf "$QUEUECTL_HOME"' EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }
expect() { # expect WHAT TEXT OUTPUT: the output holds the text
  [[ "$3" == *"$2"* ]] || fail "$1: '$2' is not in: $3"
  echo "ok: $1"
}
until_state() { # until_state ID STATE
  for _ in $(seq 300); do
    [[ $(queuectl info "$1") == *"State     : $2"* ]] && return
    sleep 0.1
  done
  fail "$1 did not become $2: $(queuectl info "$1")"
}

queuectl config set backoff-base 0.2 --quiet

expect "a job is enqueued" "Job enqueued successfully. ID: greet" "$(queuectl enqueue '{"id":"greet","command":"echo hello"}')"
queuectl enqueue --quiet --id flaky --max-retries 2 "echo trying >&2; exit 3"
queuectl enqueue --quiet --id typo --max-retries 0 "no-such-command-anywhere"
expect "workers start" "Worker PIDs: " "$(queuectl worker start --count 2)"

until_state greet completed
expect "a basic job completes, and its output is kept" "hello" "$(queuectl logs greet)"

until_state flaky dead
expect "a failing job is retried and goes to the DLQ" "flaky" "$(queuectl dlq list)"
expect "after 1 + 2 executions" "3/3" "$(queuectl info flaky)"

until_state typo dead
expect "an invalid command fails gracefully" "exit code 127" "$(queuectl info typo)"

expect "a dead job is re-queued" "Job flaky has been re-queued for retry." "$(queuectl dlq retry flaky)"
until_state flaky dead
expect "its history goes on" "Execution 6" "$(queuectl info flaky)"

expect "the workers stop" "Signal sent to all workers to stop gracefully." "$(queuectl worker stop)"
expect "nobody is left" "Active Workers: 0" "$(queuectl status)"
expect "the data survives" "completed : 1" "$(queuectl status)"
echo "All is well."

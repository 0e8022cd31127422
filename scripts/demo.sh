#!/usr/bin/env bash
# Audit the bundled example on the terminal, and write its HTML report.
# The example is flawed on purpose, so the audit must end with exit code 1 and nothing else: 0 would mean that it found nothing,
# 2 that the call is wrong, 3 that something was not checked. The report is written last: without it the run broke off.
set -euo pipefail
cd "$(dirname "$0")/.."
report=build/demo/report.html
mkdir -p "$(dirname "$report")"
rm -f "$report"

status=0
.venv/bin/counterseal audit examples/profiles --format text --format html -o "$report" || status=$?

if [ "$status" -ne 1 ] || [ ! -s "$report" ]; then
    echo "make demo: the audit of the example should have ended with exit code 1 and a report; it ended with $status" >&2
    exit 1
fi
echo
echo "The example is flawed on purpose: that is why the audit ended with exit code 1."
echo "The same as a page for the browser: $report"

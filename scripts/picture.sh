#!/usr/bin/env bash
# Runs the demo and draws docs/demo.svg from the lines that it printed: who led when, and what the DNS name answered.
#
#   scripts/picture.sh [FILE]    draws from the output of an earlier run instead
#
#   CONSUL_BIN, ELECTION_BIN     as in scripts/demo.sh
set -euo pipefail
cd "$(dirname "$0")/.."

output=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$output" ]; then
  output=$work/output
  KEEP='' PAUSE=2 scripts/demo.sh | tee "$output"
fi
LC_ALL=C awk -v "day=$(date -u -r "$output" +%F)" -f scripts/picture.awk "$output" >"$work/demo.svg"
# Through a file, so that output which does not tell the whole story leaves the old picture.
install -m 644 "$work/demo.svg" docs/demo.svg
printf 'picture: docs/demo.svg\n'

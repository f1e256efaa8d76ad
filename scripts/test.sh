#!/usr/bin/env bash
# Runs every check that a change must pass, and prints the number of tests at the end. The scenarios run on every Consul from
# scripts/consul.sh, or only on CONSUL_BIN, with the consul-template from scripts/tools.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT

say "formatting"
cargo fmt --check

say "clippy"
cargo clippy --quiet --locked --all-targets -- --deny warnings

say "documentation"
RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --locked --no-deps --document-private-items

failed=0
run() { # run TITLE COMMAND...
  say "$1"
  shift
  "$@" 2>&1 | tee -a "$log" || failed=1
}

run "unit tests" cargo test --locked --lib --bins
run "documentation tests" cargo test --quiet --locked --doc
run "imports between the rooms" cargo test --locked --test rooms
run "fuzz" cargo test --locked --test fuzz -- --nocapture
run "manual and completions" cargo test --locked --test packaging
run "the Puppet module" scripts/test-puppet.sh
if [ -n "${CONSUL_BIN:-}" ]; then consuls=$CONSUL_BIN; else consuls=$(scripts/consul.sh); fi
CONSUL_TEMPLATE_BIN=$(scripts/tools.sh)
export CONSUL_TEMPLATE_BIN
# The scenarios mostly wait for agents.
threads=$(($(nproc) * 2))
for consul in $consuls; do
  run "scenarios on $("$consul" version | head -n 1)" env CONSUL_BIN="$consul" cargo test --locked --test scenarios -- --test-threads "$threads"
done

# cargo prints passed and failed tests; rspec prints all and failed ones.
awk '
  /^test result: / { for (i = 2; i <= NF; i++) { if ($i == "passed;") passed += $(i - 1); if ($i == "failed;") failed += $(i - 1) } }
  /^[0-9]+ examples?, [0-9]+ failures?/ { passed += $1 - $3; failed += $3 }
  END { printf "\n%d passed, %d failed\n", passed, failed }
' "$log"
# What failed stands at the end, where a reader of a long log looks.
[ "$failed" = 0 ] || { printf '\n'; grep -A 3 -E "^thread '.*panicked at|^test .* FAILED\$" "$log" | grep -v '^stack backtrace' || true; }
exit "$failed"

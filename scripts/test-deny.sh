#!/usr/bin/env bash
# Tests scripts/deny.sh with made-up advisory databases. An advisory for a crate in use must fail, one for another crate must pass,
# and an unavailable database must be reported without failing.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { printf 'test-deny: %s\n%s\n' "$1" "$output" >&2; exit 1; }

# advise CRATE: makes a database with one advisory, for all versions of that crate.
advise() {
  mkdir -p "$work/$1/crates/$1"
  cat >"$work/$1/crates/$1/RUSTSEC-2000-0001.md" <<EOF
\`\`\`toml
[advisory]
id = "RUSTSEC-2000-0001"
package = "$1"
date = "2000-01-01"

[versions]
patched = []
\`\`\`

# Made up for a test

It says nothing about the crate.
EOF
  git -C "$work/$1" init --quiet --initial-branch main
  git -C "$work/$1" add .
  git -C "$work/$1" -c user.name=test -c user.email=test@localhost commit --quiet --message "One advisory"
}

# deny DATABASE: runs deny.sh with this database instead of the real one, and with no kept copy. Sets `output`.
deny() {
  output=$(ADVISORY_DBS=$work/kept-$1 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.file://$work/$1.insteadOf" \
    GIT_CONFIG_VALUE_0=https://github.com/RustSec/advisory-db scripts/deny.sh 2>&1)
}

# A release requires this line.
fetched="advisories were checked with the database as it was fetched just now"
grep -qF "$fetched" CONTRIBUTING.md || { echo "test-deny: CONTRIBUTING.md does not quote this line: $fetched" >&2; exit 1; }

# The first crate is in Cargo.lock; the second never will be.
advise log
advise no-such-crate

! deny log || fail "an advisory for a crate in use should fail"
[[ $output == *RUSTSEC-2000-0001* ]] || fail "an advisory for a crate in use should be named"
deny no-such-crate || fail "an advisory for another crate should pass"
[[ $output == *"advisories ok"*"$fetched"* && $output != *"NOT checked"* ]] || fail "advisories should be checked with the fetched database"
deny nowhere || fail "an unavailable database should not fail"
[[ $output == *"advisories were NOT checked"* && $output != *"$fetched"* ]] || fail "skipped advisories should be reported"

# When the database cannot be fetched any more, the kept copy is used.
mv "$work/log" "$work/gone"
! deny log || fail "an advisory in the kept database should fail"
[[ $output == *"cannot be fetched"*RUSTSEC-2000-0001* ]] || fail "the kept database should be used"
mv "$work/no-such-crate" "$work/gone-too"
deny no-such-crate || fail "the kept database should be sufficient"
[[ $output == *"cannot be fetched"*"advisories ok"* && $output != *"$fetched"* ]] || fail "a kept database should not be reported as fetched"
rm -rf "$work"/kept-log/*/.git/objects
! deny log || fail "an unreadable database should fail"
[[ $output == *"cannot be read; delete $work/kept-log/"* ]] || fail "the message should name the folder to delete"
printf 'test-deny: make deny handles advisories as documented\n'

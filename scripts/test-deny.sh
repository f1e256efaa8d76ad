#!/usr/bin/env bash
# Holds scripts/deny.sh to what it says, with advisory databases made here: an advisory that is met fails, one that is not passes, and a
# database that cannot be had is said, and is no failure.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { printf 'test-deny: %s\n%s\n' "$1" "$output" >&2; exit 1; }

# advise CRATE: a database with one advisory, for all versions of that crate.
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

# deny DATABASE: deny.sh with that one in place of the real database, and none kept from before. Sets `output`.
deny() {
  output=$(ADVISORY_DBS=$work/kept-$1 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.file://$work/$1.insteadOf" \
    GIT_CONFIG_VALUE_0=https://github.com/RustSec/advisory-db scripts/deny.sh 2>&1)
}

# What a release rests on.
fetched="advisories were checked with the database as it was fetched just now"
grep -qF "$fetched" CONTRIBUTING.md || { echo "test-deny: CONTRIBUTING.md says another line" >&2; exit 1; }

# The first is in Cargo.lock, and the second never will be.
advise log
advise no-such-crate

! deny log || fail "an advisory against a crate that is used should fail"
[[ $output == *RUSTSEC-2000-0001* ]] || fail "an advisory against a crate that is used should be named"
deny no-such-crate || fail "an advisory against another crate should pass"
[[ $output == *"advisories ok"*"$fetched"* && $output != *"NOT checked"* ]] || fail "advisories should be checked, with what was fetched"
deny nowhere || fail "a database that cannot be had should be no failure"
[[ $output == *"advisories were NOT checked"* && $output != *"$fetched"* ]] || fail "what was not checked should be said"

# A database that was there before is used when it can no longer be fetched.
mv "$work/log" "$work/gone"
! deny log || fail "an advisory in the database that is kept should fail"
[[ $output == *"cannot be fetched"*RUSTSEC-2000-0001* ]] || fail "the database that is kept should be used"
mv "$work/no-such-crate" "$work/gone-too"
deny no-such-crate || fail "the database that is kept should be enough"
[[ $output == *"cannot be fetched"*"advisories ok"* && $output != *"$fetched"* ]] || fail "an old database should not be taken for a new one"
rm -rf "$work"/kept-log/*/.git/objects
! deny log || fail "a database that cannot be read should fail"
[[ $output == *"cannot be read; delete $work/kept-log/"* ]] || fail "what is to be deleted should be said"
printf 'test-deny: all is as it should be\n'

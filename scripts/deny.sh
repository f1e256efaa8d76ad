#!/usr/bin/env bash
# Checks the dependencies against deny.toml: licences, sources and bans always; security advisories if their database is available,
# which is not part of the registry. An unavailable database is reported but is not a failure. Builds cargo-deny the first time.
#
#   ADVISORY_DBS=/path   the folder of the advisory database; default: in the user's cache
#   To use a mirror of the database, set git's url.MIRROR.insteadOf.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

version=0.20.2
deny=$cache/cargo-deny-$version
export ADVISORY_DBS=${ADVISORY_DBS:-$cache/advisory-dbs}

if [ ! -x "$deny" ]; then
  begin_making cargo-deny
  if [ ! -x "$deny" ]; then
    printf 'deny: building cargo-deny %s; takes about a minute on two cores, the first time only\n' "$version" >&2
    # It runs for a second, so build time matters more than speed. Without its default features it fetches with git.
    attend env -C "$scratch" CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0 \
      CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 CARGO_PROFILE_RELEASE_STRIP=true CARGO_TARGET_DIR="$scratch/target" \
      cargo install --quiet --locked --no-default-features --version "$version" --root "$scratch" cargo-deny >&2
    mv "$scratch/bin/cargo-deny" "$deny"
  fi
  end_making
fi

"$deny" check licenses sources bans

if problem=$("$deny" fetch db 2>&1); then
  "$deny" check advisories
  printf 'deny: advisories were checked with the database as it was fetched just now\n'
elif kept=$(compgen -G "$ADVISORY_DBS/*/crates"); then
  kept=$(dirname "${kept%%$'\n'*}")
  printf '%s\n' "$problem" | tail -n 3
  day=$(git -C "$kept" log -1 --format=%cs) || { printf 'deny: the kept advisory database cannot be read; delete %s\n' "$kept" >&2; exit 1; }
  printf 'deny: the advisory database cannot be fetched; using the kept one of %s\n' "$day"
  "$deny" --offline check advisories
else
  printf '%s\n' "$problem" | tail -n 3
  printf '\n*** advisories were NOT checked: their database cannot be fetched ***\n\n'
fi

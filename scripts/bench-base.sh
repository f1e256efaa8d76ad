#!/usr/bin/env bash
# Builds the program of an earlier revision for `make bench` and prints the path of the binary. It is built once for each commit, set
# of flags and compiler, in a git worktree below target/ that is removed again.
#
#   RUSTFLAGS='…' scripts/bench-base.sh REVISION TARGET
set -euo pipefail
cd "$(dirname "$0")/.."

name=consul-master-election-tagger
stop() { printf 'bench: %s\n' "$*" >&2; exit 1; }

commit=$(git rev-parse --verify --quiet "$1^{commit}") || stop "there is no revision $1; BASE= takes a commit, a branch or a tag"
made_by=$(printf '%s\n' "$(rustc -vV)" "${RUSTFLAGS:-}" "$2" | cksum | cut -d ' ' -f 1)
binary=$PWD/target/base/$commit-$made_by
if [ ! -x "$binary" ]; then
  mkdir -p target/base
  work=$(mktemp -d "$PWD/target/base/making.XXXXXX")
  trap 'git worktree remove --force "$work/tree" 2>/dev/null || true; rm -rf "$work"' EXIT
  git worktree add --quiet --detach "$work/tree" "$commit"
  printf 'bench: building %s\n' "$(git log -1 --format='%h (%s)' "$commit")" >&2
  # What the revisions depend on is mostly the same, and is built once.
  (cd "$work/tree" && CARGO_TARGET_DIR=../../build cargo build --quiet --release --locked --target "$2") || stop "$1 does not build"
  install -m 755 "target/base/build/$2/release/$name" "$work/binary"
  mv "$work/binary" "$binary"
fi
printf '%s\n' "$binary"

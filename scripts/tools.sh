#!/usr/bin/env bash
# Gets the consul-template for the scenarios of examples/redis/, and prints its path. The binary stays in the user's cache, next to
# the Consuls of scripts/consul.sh, and is not built again.
#
#   scripts/tools.sh                             builds it from Go modules; takes about a minute the first time
#   CONSUL_TEMPLATE_BIN=/path scripts/tools.sh   uses your own
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

version=0.41.1
tool=$cache/consul-template-$version

stop() { printf 'consul-template: %s; use your own with CONSUL_TEMPLATE_BIN=/path/to/consul-template\n' "$*" >&2; exit 1; }

if [ -n "${CONSUL_TEMPLATE_BIN:-}" ]; then
  "$CONSUL_TEMPLATE_BIN" -version >/dev/null 2>&1 || stop "$CONSUL_TEMPLATE_BIN is not a consul-template"
  printf '%s\n' "$CONSUL_TEMPLATE_BIN"
  exit
fi

if [ ! -x "$tool" ]; then
  go=$(command -v go) || stop "$version is built with Go, but there is no go in PATH: install Go 1.24 or newer"
  begin_making consul-template
  if [ ! -x "$tool" ]; then
    printf 'consul-template: building %s with %s; takes about a minute\n' "$version" "$("$go" env GOVERSION)" >&2
    # Besides the scratch folder, this writes only to Go's own caches.
    attend env GOBIN="$scratch" GOFLAGS=-trimpath "$go" install -ldflags='-s -w' "github.com/hashicorp/consul-template@v$version" >&2 ||
      stop "the build failed; it fetches Go modules from $("$go" env GOPROXY)"
    mv "$scratch/consul-template" "$tool"
  fi
  end_making
fi
printf '%s\n' "$tool"

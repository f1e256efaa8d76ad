#!/usr/bin/env bash
# Provides the consul-template that the scenarios of examples/redis/ run, and prints its path. What is there already is not
# built again: the binary lives in the user's cache, outside the checkout, beside the Consuls of scripts/consul.sh.
#
#   scripts/tools.sh                           built from the Go module proxy that Go is set up with; about a minute, once
#   CONSUL_TEMPLATE_BIN=/path scripts/tools.sh one of your own
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

version=0.41.1
tool=$cache/consul-template-$version

stop() { printf 'consul-template: %s; CONSUL_TEMPLATE_BIN=/path/to/consul-template names one of your own\n' "$*" >&2; exit 1; }

if [ -n "${CONSUL_TEMPLATE_BIN:-}" ]; then
  "$CONSUL_TEMPLATE_BIN" -version >/dev/null 2>&1 || stop "CONSUL_TEMPLATE_BIN is no consul-template: $CONSUL_TEMPLATE_BIN"
  printf '%s\n' "$CONSUL_TEMPLATE_BIN"
  exit
fi

if [ ! -x "$tool" ]; then
  go=$(command -v go) || stop "$version is built with Go, and there is no go on PATH: install Go 1.24 or newer"
  begin_making consul-template
  if [ ! -x "$tool" ]; then
    printf 'consul-template: building %s with %s; about a minute\n' "$version" "$("$go" env GOVERSION)" >&2
    # Only Go's own caches, of modules and of what it has built, are written beside this.
    attend env GOBIN="$scratch" GOFLAGS=-trimpath "$go" install -ldflags='-s -w' "github.com/hashicorp/consul-template@v$version" >&2 ||
      stop "the build failed; what it needs is fetched from $("$go" env GOPROXY)"
    mv "$scratch/consul-template" "$tool"
  fi
  end_making
fi
printf '%s\n' "$tool"

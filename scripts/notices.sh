#!/usr/bin/env bash
# Prints the licences and notices of every crate that the program is linked with, each text once: whoever passes the program on
# passes them on as well. Reads Cargo.lock and the sources that cargo has fetched for the build.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

host=$(rustc -vV | sed -n 's/^host: //p')
declare -A folder # of each crate, by its name and version
declare -A crates # by the checksum of a licence's text
texts=()          # the file of each text, in the order of the crates

# Both may fetch what is not here, as the build does. In cargo's JSON the manifest follows the name and the version.
linked=$(cargo tree --locked --edges normal,no-proc-macro --prefix none --target "$host" --format '{p}|{l}' | sed 's/ (\*)$//' | sort -u | grep -v ' (/')
metadata=$(cargo metadata --locked --format-version 1 --filter-platform "$host")
while IFS='"' read -r _ key _ value _ _ _ version _; do
  if [ "$key" = name ]; then crate="$value v$version"; else folder[$crate]=${value%/Cargo.toml}; fi
done < <(grep -oE '"name":"[^"]*","version":"[^"]*","id":|"manifest_path":"[^"]*"' <<<"$metadata")

cat <<EOF
The program is linked with these crates, each under the licence beside it; the texts follow. It is linked as well with Rust's
standard library (MIT OR Apache-2.0) and, being static, with the C library of the machine that it was built on.

EOF
while IFS='|' read -r crate licence; do
  files=()
  [ -d "${folder[$crate]:-}" ] || { printf 'notices: cargo does not tell where the source of %s is\n' "$crate" >&2; exit 1; }
  for file in "${folder[$crate]}"/{LICENSE,LICENCE,COPYING,COPYRIGHT,NOTICE,UNLICENSE}*; do
    [ ! -f "$file" ] || files+=("$file")
  done
  printf '%-30s %s%s\n' "$crate" "$licence" "$([ "${#files[@]}" -gt 0 ] || echo ' (the crate brings no text of it)')"
  for file in "${files[@]}"; do
    sum=$(sha256sum <"$file")
    [ -n "${crates[$sum]:-}" ] || texts+=("$file")
    crates[$sum]+="${crates[$sum]:+, }$crate"
  done
done <<<"$linked"

for file in "${texts[@]}"; do
  printf '\n==== %s\n\n' "${crates[$(sha256sum <"$file")]}"
  cat "$file"
done

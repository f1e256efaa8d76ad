#!/usr/bin/env bash
# Prints the licences and notices of every linked crate, each text once. Distribute them together with the program.
# Reads Cargo.lock and the sources that cargo fetched for the build.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

host=$(rustc -vV | sed -n 's/^host: //p')
declare -A folder # of each crate, by name and version
declare -A crates # by the checksum of a licence text
texts=()          # a file of each text, in the order of the crates

# Both may fetch missing sources, as the build does. In cargo's JSON the manifest follows the name and the version.
linked=$(cargo tree --locked --edges normal,no-proc-macro --prefix none --target "$host" --format '{p}|{l}' | sed 's/ (\*)$//' | sort -u | grep -v ' (/')
metadata=$(cargo metadata --locked --format-version 1 --filter-platform "$host")
while IFS='"' read -r _ key _ value _ _ _ version _; do
  if [ "$key" = name ]; then crate="$value v$version"; else folder[$crate]=${value%/Cargo.toml}; fi
done < <(grep -oE '"name":"[^"]*","version":"[^"]*","id":|"manifest_path":"[^"]*"' <<<"$metadata")

cat <<EOF
The program is linked with these crates, each under the licence next to its name; the texts follow. It is also linked with Rust's
standard library (MIT OR Apache-2.0) and, because it is static, with the C library of the build machine.

EOF
while IFS='|' read -r crate licence; do
  files=()
  [ -d "${folder[$crate]:-}" ] || { printf 'notices: cargo does not show the source folder of %s\n' "$crate" >&2; exit 1; }
  for file in "${folder[$crate]}"/{LICENSE,LICENCE,COPYING,COPYRIGHT,NOTICE,UNLICENSE}*; do
    [ ! -f "$file" ] || files+=("$file")
  done
  printf '%-30s %s%s\n' "$crate" "$licence" "$([ "${#files[@]}" -gt 0 ] || echo ' (the crate contains no licence text)')"
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

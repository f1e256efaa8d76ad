#!/usr/bin/env bash
# Prints the licences and notices of every crate that the program is linked with, each text once: whoever passes the program on
# passes them on as well. Reads Cargo.lock and the sources that cargo has fetched for the build.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

host=$(rustc -vV | sed -n 's/^host: //p')
sources=("${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/)
declare -A crates # by the checksum of a licence's text
texts=()          # the file of each text, in the order of the crates

cat <<EOF
The program is linked with these crates, each under the licence beside it; the texts follow. It is linked as well with Rust's
standard library (MIT OR Apache-2.0) and, being static, with the C library of the machine that it was built on.

EOF
while IFS='|' read -r crate licence; do
  files=()
  for folder in "${sources[@]/%//${crate/ v/-}}"; do
    for file in "$folder"/{LICENSE,LICENCE,COPYING,COPYRIGHT,NOTICE,UNLICENSE}*; do
      [ ! -f "$file" ] || files+=("$file")
    done
    [ "${#files[@]}" -eq 0 ] || break
  done
  printf '%-30s %s%s\n' "$crate" "$licence" "$([ "${#files[@]}" -gt 0 ] || echo ' (the crate brings no text of it)')"
  for file in "${files[@]}"; do
    sum=$(sha256sum <"$file")
    [ -n "${crates[$sum]:-}" ] || texts+=("$file")
    crates[$sum]+="${crates[$sum]:+, }$crate"
  done
done < <(cargo tree --locked --offline --edges normal,no-proc-macro --prefix none --target "$host" --format '{p}|{l}' |
  sed 's/ (\*)$//' | sort -u | grep -v ' (/')

for file in "${texts[@]}"; do
  printf '\n==== %s\n\n' "${crates[$(sha256sum <"$file")]}"
  cat "$file"
done

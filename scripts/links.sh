#!/usr/bin/env bash
# links.sh FOLDER: fails when a Markdown file below it has a relative link to what is not there, and names each. Those to the tests may
# lead nowhere: they stay with the source.
set -euo pipefail

nowhere=0
while IFS= read -r file; do
  while IFS= read -r link; do
    [ ! -e "$(dirname "$file")/$link" ] || continue
    printf 'links: %s has a link to %s, which is not there\n' "$file" "$link" >&2
    nowhere=1
  done < <(grep -oP '\]\(\K(?!https?:|\.\./tests/)[\w./][^)#]*' "$file")
done < <(find "$1" -name '*.md')
exit "$nowhere"

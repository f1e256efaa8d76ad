#!/usr/bin/env bash
# links.sh FOLDER: fails when a Markdown file in that folder has a relative link to a missing file, and prints each. Links to the
# tests are ignored, because the tests stay with the source.
set -euo pipefail

broken=0
while IFS= read -r file; do
  while IFS= read -r link; do
    [ ! -e "$(dirname "$file")/$link" ] || continue
    printf 'links: %s links to %s, which does not exist\n' "$file" "$link" >&2
    broken=1
  done < <(grep -oP '\]\(\K(?!https?:|(?:\.\./)*tests/)[\w./][^)#]*' "$file")
done < <(find "$1" -name '*.md')
exit "$broken"

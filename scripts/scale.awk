# Draws what a failover costs by the number of instances, from the CSV that `make scale OUT=FILE` writes: two panels with
# logarithmic axes, a line for each program and mode through the medians, and a dot for each failover. Several CSVs are drawn
# together, such as those of two builds of the program:
#
#   LC_ALL=C awk -v title='Consul 1.21.0, 1 server, 2026-11-30' -f scripts/scale.awk OLD.csv NEW.csv >docs/scale.svg
#
# The other variables: consul and servers leave out all other lines.

BEGIN { FS = "," }
FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
$column["event"] != "failover" || consul != "" && $column["consul"] != consul || servers != "" && $column["servers"] != servers { next }
{
  size = $column["size"] + 0
  series = $column["program"] ": " $column["mode"]
  if (!(series in number)) { number[series] = ++count; name[count] = series }
  if (!((series, size) in seen)) { seen[series, size] = 1; sizes[series] = sizes[series] " " size }
  add(1, series, size, $column["moved_ms"])
  add(2, series, size, $column["leader_cpu_ms"] + $column["followers_cpu_ms"])
}
END {
  if (count == 0) { print "scale: no failovers in the CSV" > "/dev/stderr"; exit 1 }
  top = 100; high = 300; wide = 380
  height = top + high + 66 + 20 * count
  head()
  panel(1, 70, "until the name has moved, from detection")
  panel(2, 540, "CPU of the servers")
  for (i = 1; i <= count; i++) {
    y = top + high + 66 + 20 * (i - 1)
    printf "<path class=\"line s%d\" d=\"M70 %dh28\"/>\n", i, y - 4
    say(106, y, "", "start", name[i])
  }
  print "</svg>"
}

function add(which, series, size, amount) {
  values[which, series, size] = values[which, series, size] " " amount
  # Less than 1 ms is noise, and is drawn at the lower end of the axis.
  if (amount >= 1 && (!(which in least) || amount < least[which])) least[which] = amount
  if (amount > most[which]) most[which] = amount
  if (!smallest || size < smallest) smallest = size
  if (size > largest) largest = size
}

function panel(which, left, what,    i, j, k, size, list, many, middle, path, decade, amounts, total) {
  first = floor(log10(least[which])); last = floor(log10(most[which]) + .999)
  if (last == first) last++
  from = log10(smallest) - .15; to = log10(largest) + .15
  say(left, top - 14, "muted", "start", what)
  printf "<rect class=\"panel\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", left, top, wide, high
  for (decade = first; decade <= last; decade++) {
    printf "<path class=\"grid\" d=\"M%d %.1fh%d\"/>\n", left, y_of(10 ^ decade), wide
    say(left - 8, y_of(10 ^ decade) + 4, "muted", "end", 10 ^ decade < 1000 ? 10 ^ decade " ms" : 10 ^ decade / 1000 " s")
  }
  for (i = 1; i <= count; i++) {
    many = sorted(sizes[name[i]], list)
    path = ""
    for (j = 1; j <= many; j++) {
      size = list[j] + 0
      total = sorted(values[which, name[i], size], amounts)
      for (k = 1; k <= total; k++) printf "<circle class=\"s%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>\n", i, x_of(size, left), y_of(amounts[k])
      middle = amounts[int(total / 2) + 1]
      path = path (path == "" ? "M" : "L") sprintf("%.1f %.1f", x_of(size, left), y_of(middle))
      if (!labelled[which, size]++) say(x_of(size, left), top + high + 20, "muted", "middle", size)
    }
    printf "<path class=\"line s%d\" d=\"%s\"/>\n", i, path
  }
  say(left + wide / 2, top + high + 38, "muted", "middle", "instances")
}

# Sorts numbers, and returns how many they are.
function sorted(text, into,    many, i, j, swap) {
  many = split(text, into, " ")
  for (i = 2; i <= many; i++)
    for (j = i; j > 1 && into[j] + 0 < into[j - 1] + 0; j--) { swap = into[j]; into[j] = into[j - 1]; into[j - 1] = swap }
  return many
}

function head() {
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 940 %d\" width=\"940\" role=\"img\">\n", height
  print "<title>What a failover costs by the number of instances</title>"
  print "<style>"
  print "text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328 }"
  print ".title { font-size: 19px; font-weight: 600 } .muted { fill: #59636e; font-size: 12px }"
  print ".panel { fill: #ffffff; stroke: #d0d7de } .grid { stroke: #d0d7de } .line { fill: none; stroke-width: 2.5 } circle { fill-opacity: .45 }"
  print "path.s1 { stroke: #cf222e } circle.s1 { fill: #cf222e } path.s2 { stroke: #0969da } circle.s2 { fill: #0969da }"
  print "path.s3 { stroke: #1a7f37 } circle.s3 { fill: #1a7f37 } path.s4 { stroke: #9a6700 } circle.s4 { fill: #9a6700 }"
  print "@media (prefers-color-scheme: dark) {"
  print "text { fill: #e6edf3 } .muted { fill: #9198a1 } .panel { fill: #0d1117; stroke: #3d444d } .grid { stroke: #3d444d }"
  print "path.s1 { stroke: #ff7b72 } circle.s1 { fill: #ff7b72 } path.s2 { stroke: #58a6ff } circle.s2 { fill: #58a6ff }"
  print "path.s3 { stroke: #3fb950 } circle.s3 { fill: #3fb950 } path.s4 { stroke: #d29922 } circle.s4 { fill: #d29922 }"
  print "}"
  print "</style>"
  printf "<rect class=\"panel\" x=\".5\" y=\".5\" width=\"939\" height=\"%d\" rx=\"8\"/>\n", height - 1
  say(24, 36, "title", "start", "What a failover costs by the number of instances")
  say(24, 58, "muted", "start", title (title == "" ? "" : ". ") "A dot is one failover, a line goes through the medians. Both axes are logarithmic.")
}

function log10(value) { return log(value) / log(10) }
function floor(value) { return value < 0 && value != int(value) ? int(value) - 1 : int(value) }
function x_of(size, left) { return left + (log10(size) - from) / (to - from) * wide }
function y_of(value) { return value < 10 ^ first ? top + high : top + high - (log10(value) - first) / (last - first) * high }

function say(x, y, class, anchor, text) {
  gsub(/&/, "\\&amp;", text)
  gsub(/</, "\\&lt;", text)
  gsub(/>/, "\\&gt;", text)
  printf "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">%s</text>\n", x, y, class, anchor, text
}

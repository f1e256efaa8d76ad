# Draws a timeline from the output of scripts/demo.sh: a lane for each node and one for DNS, and the lines themselves below.
# Every time, name and address in the picture comes from a line of the output. Fails when a line that it needs is missing.

/^ *[0-9]+\.[0-9] s  / {
  at = $1
  line = $0
  sub(/^ *[0-9.]+ s  /, "", line)
  split(line, word, " ")
  end = at
  if (line ~ /^Consul v/) { version = word[1] " " word[2]; sub(/:$/, "", version) }
  else if (line ~ /has registered its redis/) registered = at
  else if (line ~ /are tagged slave; term/) { elected = at; old = word[1] }
  else if (line ~ /^DNS: .* has no answer/) gone = at
  else if (line ~ /^DNS: .* after the kill$/) {
    moved = at
    new_address = word[4]
    sub(/,$/, "", new_address)
    after = line
    sub(/.*, /, "", after)
  }
  else if (line ~ /^DNS: /) { name = word[2]; old_address = word[4] }
  else if (line ~ /^kill -9 /) killed = at
  else if (line ~ /^Consul notices/) noticed = at
  else if (line ~ /is tagged master, .* after the kill/) { tagged = at; new = word[1] }
  else if (line ~ /is started again/) restarted = at
  else if (line ~ /passes again as slave/) back = at
  if (elected != "" && line !~ /polls/ && line !~ /by hand/ && line !~ / info says/) { shown[++lines] = at; text_of[lines] = line }
}

END {
  if (version == "" || registered == "" || elected == "" || name == "" || killed == "" || noticed == "" || tagged == "" ||
      moved == "" || restarted == "" || back == "") {
    print "picture: the output of the demo is not complete" > "/dev/stderr"
    exit 1
  }
  if (gone == "" || gone > moved) gone = moved
  left = 64; right = 856; top = 112; lane = 40; bar = 28
  scale = (right - left) / (end - registered)
  axis = top + 4 * lane
  begin_text = axis + 54
  height = begin_text + 20 * lines + 14

  head()
  for (i = 1; i <= 3; i++) node_lane("n" i, top + (i - 1) * lane)
  dns_lane(top + 3 * lane)
  for (second = int(registered) + 1; second <= end; second++) {
    printf "<path class=\"tick\" d=\"M%.1f %dv6\"/>\n", x(second), axis
    say(x(second), axis + 20, "muted", "middle", second " s")
  }
  mark(killed, "bad", "end", -6, "redis on " old " killed")
  mark(moved, "good", "start", 6, "DNS name moves to " new ", " after)
  printf "<rect class=\"output\" x=\"16\" y=\"%d\" width=\"848\" height=\"%d\" rx=\"6\"/>\n", begin_text - 18, 20 * lines + 14
  for (i = 1; i <= lines; i++) output_line(i, begin_text + 20 * (i - 1) + 4)
  print "</svg>"
}

function head() {
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 880 %d\" width=\"880\" role=\"img\">\n", height
  print "<title>Three redis servers elect a master, lose it, and elect another</title>"
  print "<style>"
  print "text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328 }"
  print ".title { font-size: 19px; font-weight: 600 } .node { font-weight: 600; font-size: 14px }"
  print ".inside { fill: #ffffff; font-size: 12.5px; font-weight: 600 } .muted { fill: #59636e; font-size: 12px }"
  print ".code { font: 12px ui-monospace, 'DejaVu Sans Mono', monospace; white-space: pre }"
  print ".good { fill: #1a7f37; font-weight: 600 } .bad { fill: #cf222e; font-weight: 600 }"
  print ".panel { fill: #ffffff; stroke: #d0d7de } .output { fill: #f6f8fa } .tick { stroke: #59636e }"
  print ".start { fill: #d0d7de } .master { fill: #1a7f37 } .slave { fill: #54748f } .dead { fill: #cf222e } .none { fill: #9a6700 }"
  print "path.good { stroke: #1a7f37; stroke-width: 2 } path.bad { stroke: #cf222e; stroke-width: 2 }"
  print "@media (prefers-color-scheme: dark) {"
  print "text { fill: #e6edf3 } .inside { fill: #ffffff } .muted { fill: #9198a1 } .good { fill: #3fb950 } .bad { fill: #ff7b72 }"
  print ".panel { fill: #0d1117; stroke: #3d444d } .output { fill: #161b22 } .tick { stroke: #9198a1 }"
  print ".start { fill: #3d444d } .master { fill: #238636 } .slave { fill: #44607a } .dead { fill: #b62324 } .none { fill: #845306 }"
  print "path.good { stroke: #3fb950 } path.bad { stroke: #ff7b72 }"
  print "}"
  print "</style>"
  printf "<rect class=\"panel\" x=\".5\" y=\".5\" width=\"879\" height=\"%d\" rx=\"8\"/>\n", height - 1
  say(24, 36, "title", "start", "Three redis servers elect a master, lose it, and elect another")
  say(24, 58, "muted", "start", "make demo with " version ", " day ", drawn from what this run printed. DNS is the answer for " name ".")
}

function node_lane(node, y) {
  say(24, y + 19, "node", "start", node)
  if (node == old) {
    box(registered, elected, y, "start", "starting")
    box(elected, killed, y, "master", "master")
    box(killed, restarted, y, "dead", "redis dead")
    box(restarted, back, y, "start", "")
    box(back, end, y, "slave", "slave")
  } else {
    box(registered, elected, y, "start", "starting")
    box(elected, node == new ? tagged : end, y, "slave", "slave")
    if (node == new) box(tagged, end, y, "master", "master")
  }
}

function dns_lane(y) {
  say(24, y + 19, "node", "start", "DNS")
  box(elected, gone, y, "master", old " " old_address)
  if (gone < moved) box(gone, moved, y, "none", "no answer")
  box(moved, end, y, "master", new " " new_address)
}

# A part of a lane; its text is left out where it does not fit.
function box(from, to, y, class, text) {
  if (to <= from) return
  printf "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"3\"/>\n",
    class, x(from) + .5, y, x(to) - x(from) - 1, bar
  style = class == "start" ? "inside muted" : "inside"
  if (length(text) * 8 + 10 < x(to) - x(from)) say(x(from) + 10, y + 19, style, "start", text)
}

# A vertical line through all lanes, with its text above.
function mark(time, class, anchor, shift, text) {
  printf "<path class=\"%s\" d=\"M%.1f %dV%d\"/>\n", class, x(time), top - 22, axis
  say(x(time) + shift, top - 12, class, anchor, text)
}

function output_line(i, y) {
  class = "code"
  if (text_of[i] ~ /^kill/) class = "code bad"
  else if (text_of[i] ~ /is tagged master|passes again/ || shown[i] == moved && text_of[i] ~ /^DNS/) class = "code good"
  say(30, y, class, "start", sprintf("%6.1f s  %s", shown[i], text_of[i]))
}

function x(time) { return left + (time - registered) * scale }

function say(at_x, y, class, anchor, text) {
  gsub(/&/, "\\&amp;", text)
  gsub(/</, "\\&lt;", text)
  gsub(/>/, "\\&gt;", text)
  printf "<text x=\"%.1f\" y=\"%d\" class=\"%s\" text-anchor=\"%s\"%s>%s</text>\n", at_x, y, class, anchor,
    (class ~ /code/ ? " xml:space=\"preserve\"" : ""), text
}

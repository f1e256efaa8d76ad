# @summary What is wrong with the tags of an election, taken together. As in a prepared query, case does not count.
#
# @param master
#   The tag of the master.
#
# @param slave
#   The tag of all others.
#
# @param query_tags
#   What the query asks for beside the master's tag; `!` before a tag excludes it.
#
# @return [Array[String]] One sentence each, naming the parameter and the way out.
#
# @api private
function consul_master_election_tagger::tag_contradictions(String[1] $master, String[1] $slave, Array[String[1]] $query_tags) >> Array[String] {
  $asked = $query_tags.map |$tag| { $tag.downcase }
  # That the query asks for the master's tag as well is what `!master` contradicts.
  $clashes = $asked.filter |$tag| { "!${tag}" in $asked or "!${tag}" == "!${slave.downcase}" or $tag == "!${master.downcase}" }
  $same = $master.downcase == $slave.downcase ? {
    true    => ["master_tag and slave_tag are both '${master}'; give each its own (case does not count)"],
    default => [],
  }
  $never = $clashes.map |$tag| {
    "consul_query_tag '${tag}' contradicts another of its tags, or the tags of the roles, so that the query would never find a master; drop one"
  }
  $same + $never
}

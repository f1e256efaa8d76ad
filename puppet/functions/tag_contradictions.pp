# @summary Returns how the tags of an election contradict each other. As in a prepared query, case does not count.
#
# @param master
#   The tag of the master.
#
# @param slave
#   The tag of every other instance.
#
# @param query_tags
#   The tags that the query asks for besides the master tag; `!TAG` excludes a tag.
#
# @return [Array[String]] One sentence for each error, with the parameter and what to do.
#
# @api private
function consul_master_election_tagger::tag_contradictions(String[1] $master, String[1] $slave, Array[String[1]] $query_tags) >> Array[String] {
  $asked = $query_tags.map |$tag| { $tag.downcase }
  # `!master` contradicts the master tag, which the query also asks for.
  $clashes = $asked.filter |$tag| { "!${tag}" in $asked or "!${tag}" == "!${slave.downcase}" or $tag == "!${master.downcase}" }
  $same = $master.downcase == $slave.downcase ? {
    true    => ["master_tag and slave_tag are both '${master}'; give each its own (case does not count)"],
    default => [],
  }
  $never = $clashes.map |$tag| {
    "consul_query_tag '${tag}' contradicts another of its tags, or the tags of the roles, so the query would never find a master; remove one"
  }
  $same + $never
}

# @summary The options of a run as the words of its command line, each name and each value a word of its own.
#
# @param options
#   The options by name, without dashes. One that is `undef` or `false` is left out, `true` is a switch, and an array is the
#   option once for each of its values.
#
# @return [Array[String]] The words.
#
# @api private
function consul_master_election_tagger::arguments(Hash[String[1], Any] $options) >> Array[String] {
  $options.reduce([]) |$words, $option| {
    [$name, $value] = $option
    $more = $value ? {
      Undef   => [],
      false   => [],
      true    => ["--${name}"],
      default => Array($value, true).map |$one| { ["--${name}", String($one)] },
    }
    $words + flatten($more)
  }
}

# @summary Returns the options of a run as the words of its command line. Each name and each value is a word of its own.
#
# @param options
#   The options by name, without dashes. `undef` and `false` leave an option out, `true` makes it a switch, and an array repeats it
#   for each value.
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

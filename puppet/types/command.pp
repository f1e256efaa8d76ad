# @summary The command of a hook: one line, which the program splits into words as a shell would, or the words themselves,
#   which then need no quotes. No shell runs it.
type Consul_master_election_tagger::Command = Variant[String[1], Array[String, 1]]

# @summary The command of a hook, run without a shell: one line, split into words as a shell would, or the words themselves.
type Consul_master_election_tagger::Command = Variant[String[1], Array[String, 1]]

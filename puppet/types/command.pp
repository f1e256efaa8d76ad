# @summary The command of a hook, which runs without a shell: a line, which is split into words like in a shell, or an array of words.
type Consul_master_election_tagger::Command = Variant[String[1], Array[String, 1]]

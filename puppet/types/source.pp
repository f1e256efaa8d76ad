# @summary Where Puppet gets the program from: a path on the node, or a URL of the kinds that a `file` resource takes.
type Consul_master_election_tagger::Source = Pattern[/\A\/./, /\A(puppet|file|https?):\/\/./]

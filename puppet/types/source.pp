# @summary Where Puppet gets the program from: a path on the node, or a URL that a `file` resource accepts.
type Consul_master_election_tagger::Source = Pattern[/\A\/./, /\A(puppet|file|https?):\/\/./]

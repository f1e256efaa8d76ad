# @summary An absolute path. A relative one would be taken from wherever the Consul agent runs.
type Consul_master_election_tagger::Path = Pattern[/\A\/[^\0\n]*\z/]

# @summary An absolute path. A relative one would depend on the working directory of the Consul agent.
type Consul_master_election_tagger::Path = Pattern[/\A\/[^\0\n]*\z/]

# @summary A key of Consul's KV store: letters, digits, `-`, `_` and `.` in parts between slashes, none of them empty, `.` or `..`.
type Consul_master_election_tagger::Key = Pattern[/\A(?!\.{1,2}(\/|\z))[A-Za-z0-9_.-]+(\/(?!\.{1,2}(\/|\z))[A-Za-z0-9_.-]+)*\z/]

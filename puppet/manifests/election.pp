# @summary One election: a `consul::check` that runs the program on an instance.
#
# Parameters that begin with `check_` are those of Consul's check. All others are the options of the program, by the same
# names, and what is not given is left to the program's defaults. What cannot work does not compile.
#
# @example The instances of redis elect a master, found as redis-master.query.consul
#   consul_master_election_tagger::election { 'redis': }
#
# @example The same, with a failover that takes milliseconds beyond detection
#   consul_master_election_tagger::election { 'redis':
#     wait       => '50s',
#     lock_delay => '0s',
#     watch_port => true,
#   }
#
# @param ensure
#   Whether the election's check is there.
#
# @param check_id
#   The ID of the check, which the program is told as well (`--check-id`). By default the title with `-election` behind it.
#
# @param check_interval
#   How long after the end of a run Consul starts the next one. By default `5s`, with `wait` `1s`; at least `1s`, with `wait` at
#   most `5s`, since nobody looks between two runs.
#
# @param check_timeout
#   After this time Consul kills a run. It must be longer than `wait` and `timeout` together; by default by 5 s, and `30s` at least.
#
# @param check_notes
#   A remark for people, which Consul shows beside the check.
#
# @param check_status
#   The status of the check before its first run. By default `passing`, so that a new check, or an agent that starts, takes no instance
#   out of DNS until then. Consul's own default is `critical`. Until the check has run, an agent that starts shows the former tags; the
#   prepared query finds only the holder of the lock all the same.
#
# @param check_token
#   The ACL token with which the agent keeps the check in the catalog, where its own default token may not. Consul reads it from
#   the check's definition, so that it stands there, and in the catalogue, in clear, a `Sensitive` one too. The program does not use
#   it: see `token_file`.
#
# @param program
#   The path of the program, where something else than the class `consul_master_election_tagger` installs it. By default that
#   class is included, and its program is used.
#
# @param consul_service_name
#   The service whose instances elect a master. By default the title.
#
# @param consul_service_id
#   The instance, where the node has several of the service; the check is bound to it. By default Consul's own default, the
#   service's name.
#
# @param consul_query_name
#   The prepared query that finds the master, and the election's name. The program's default is the service's name with `-master`
#   behind it.
#
# @param consul_query_tag
#   Tags that the query asks for beside the master's; one with `!` before it excludes.
#
# @param query_ttl
#   For how long DNS clients may keep the answer.
#
# @param query_near
#   The node that the query sorts by nearness to, or `_agent`.
#
# @param query_failover
#   Datacenters that are asked, in this order, when this one has no master. Needs `no_fence`.
#
# @param no_fence
#   Keep a plain query on the tags, in place of one that only the holder of the lock can be found by.
#
# @param master_tag
#   The tag of the master. The program's default is `master`.
#
# @param slave_tag
#   The tag of all others. The program's default is `slave`.
#
# @param lock_key
#   The key whose lock decides; instances that share it form one election. The program's default is `service/QUERY/leader`.
#
# @param lock_delay
#   How long nobody can take the lock that a failed master held, a minute at most. The program's default is `15s`.
#
# @param ttl
#   Ends the lead of an instance whose check has stopped running for this long, at the latest after twice that: `10s` to `24h`, and
#   longer than `check_interval`. By default never.
#
# @param only_passing
#   Treats a check in warning as a failure. By default, an instance in warning leads if none passes.
#
# @param on_outage
#   What becomes of a master's tag while Consul cannot say who holds the lock. The program's default is `keep`.
#
# @param wait
#   A run stays for so long and acts on every change at once. The program's default is `0s`: it ends at once.
#
# @param watch_port
#   Give the lead up when nothing listens on the instance's port any more; with `wait` in that very moment.
#
# @param watch_address
#   With `watch_port`: where the service listens, if elsewhere than it is registered.
#
# @param watch_grace
#   With `watch_port`: how long a master's service may take to restart without losing the lead; at most half of `timeout`. The
#   program's default is `0s`.
#
# @param priority
#   The instance only leads while no passing instance has a higher one; 0 never leads. The program's default is 100.
#
# @param preempt
#   Hand the lead over to an instance of higher priority.
#
# @param preempt_after
#   With `preempt`: for how long that instance must have been passing. The program's default is `30s`.
#
# @param max_term
#   Hand the lead over after so long, if another instance may lead. By default never.
#
# @param on_promote
#   A command that is run when the lock is won, before the instance is tagged; if it fails, the lock is given up.
#
# @param on_demote
#   A command that is run when the master's tag is off, before the lock is given up.
#
# @param on_follow
#   A command that is run on a slave whose master has changed.
#
# @param master_status
#   The status that the check of a master ends with. The program's default is `passing`.
#
# @param slave_status
#   The same of a slave. The program's default is `passing`.
#
# @param leaderless_status
#   The same of a slave while nobody leads. The program's default is `passing`.
#
# @param error_status
#   The status that the check ends with after an error. The program's default is `warning`; `critical` takes the instance out of DNS.
#
# @param timeout
#   The time for each round of the program's work, hooks included. The program's default is `20s`.
#
# @param log_level
#   What the program logs to standard error, which Consul keeps with the check's output. The program's default is what `RUST_LOG` says
#   in the agent's environment, or `warn`.
#
# @param http_addr
#   The agent: `HOST:PORT`, `http://`, `https://` or `unix:///PATH`. By default what the Consul agent has in its environment, or
#   `127.0.0.1:8500`.
#
# @param token_file
#   A file with the ACL token of the program. There is no parameter for the token itself: it would stand in clear in the check's
#   definition, which `puppet/consul` lets every user of the node read, and in the catalogue.
#
# @param ca_file
#   A file with the certificates of the authorities that the agent's certificate may be signed by, for https.
#
# @param ca_path
#   A directory with such files, where `ca_file` is not given.
#
# @param client_cert
#   The certificate that the program shows to the agent. Needs `client_key`.
#
# @param client_key
#   The key of `client_cert`.
#
# @param tls_server_name
#   The name that the agent's certificate must have, where it is not that of `http_addr`.
#
# @param namespace
#   The namespace, which Consul Enterprise has.
#
# @param partition
#   The admin partition, which Consul Enterprise has.
define consul_master_election_tagger::election (
  Enum['present', 'absent'] $ensure = 'present',
  String[1] $check_id = "${title}-election",
  Optional[Consul_master_election_tagger::Duration] $check_interval = undef,
  Optional[Consul_master_election_tagger::Duration] $check_timeout = undef,
  Optional[String[1]] $check_notes = undef,
  Consul_master_election_tagger::Status $check_status = 'passing',
  Optional[Variant[String[1], Sensitive[String[1]]]] $check_token = undef,
  Optional[Consul_master_election_tagger::Path] $program = undef,
  String[1] $consul_service_name = $title,
  Optional[String[1]] $consul_service_id = undef,
  Optional[Consul_master_election_tagger::Name] $consul_query_name = undef,
  Array[Pattern[/\A!?[^!]/]] $consul_query_tag = [],
  Optional[Consul_master_election_tagger::Duration] $query_ttl = undef,
  Optional[String[1]] $query_near = undef,
  Array[String[1]] $query_failover = [],
  Boolean $no_fence = false,
  Optional[Consul_master_election_tagger::Tag] $master_tag = undef,
  Optional[Consul_master_election_tagger::Tag] $slave_tag = undef,
  Optional[Consul_master_election_tagger::Key] $lock_key = undef,
  Optional[Consul_master_election_tagger::Duration] $lock_delay = undef,
  Optional[Consul_master_election_tagger::Duration] $ttl = undef,
  Boolean $only_passing = false,
  Optional[Enum['keep', 'demote']] $on_outage = undef,
  Optional[Consul_master_election_tagger::Duration] $wait = undef,
  Boolean $watch_port = false,
  Optional[Consul_master_election_tagger::Address] $watch_address = undef,
  Optional[Consul_master_election_tagger::Duration] $watch_grace = undef,
  Optional[Integer[0, 1000000]] $priority = undef,
  Boolean $preempt = false,
  Optional[Consul_master_election_tagger::Duration] $preempt_after = undef,
  Optional[Consul_master_election_tagger::Duration] $max_term = undef,
  Optional[Consul_master_election_tagger::Command] $on_promote = undef,
  Optional[Consul_master_election_tagger::Command] $on_demote = undef,
  Optional[Consul_master_election_tagger::Command] $on_follow = undef,
  Optional[Consul_master_election_tagger::Status] $master_status = undef,
  Optional[Consul_master_election_tagger::Status] $slave_status = undef,
  Optional[Consul_master_election_tagger::Status] $leaderless_status = undef,
  Optional[Consul_master_election_tagger::Status] $error_status = undef,
  Optional[Consul_master_election_tagger::Duration] $timeout = undef,
  Optional[Enum['off', 'error', 'warn', 'info', 'debug', 'trace']] $log_level = undef,
  Optional[Consul_master_election_tagger::Agent] $http_addr = undef,
  Optional[Consul_master_election_tagger::Path] $token_file = undef,
  Optional[Consul_master_election_tagger::Path] $ca_file = undef,
  Optional[Consul_master_election_tagger::Path] $ca_path = undef,
  Optional[Consul_master_election_tagger::Path] $client_cert = undef,
  Optional[Consul_master_election_tagger::Path] $client_key = undef,
  Optional[String[1]] $tls_server_name = undef,
  Optional[String[1]] $namespace = undef,
  Optional[String[1]] $partition = undef,
) {
  $hooks = { 'on-promote' => $on_promote, 'on-demote' => $on_demote, 'on-follow' => $on_follow }.filter |$option, $command| {
    $command =~ NotUndef
  }
  $options = {
    'consul-service-name' => $consul_service_name,
    'consul-service-id'   => $consul_service_id,
    'check-id'            => $check_id,
    'consul-query-name'   => $consul_query_name,
    'consul-query-tag'    => $consul_query_tag,
    'query-ttl'           => $query_ttl,
    'query-near'          => $query_near,
    'query-failover'      => $query_failover,
    'no-fence'            => $no_fence,
    'master-tag'          => $master_tag,
    'slave-tag'           => $slave_tag,
    'lock-key'            => $lock_key,
    'lock-delay'          => $lock_delay,
    'ttl'                 => $ttl,
    'only-passing'        => $only_passing,
    'on-outage'           => $on_outage,
    'wait'                => $wait,
    'watch-port'          => $watch_port,
    'watch-address'       => $watch_address,
    'watch-grace'         => $watch_grace,
    'priority'            => $priority,
    'preempt'             => $preempt,
    'preempt-after'       => $preempt_after,
    'max-term'            => $max_term,
    'master-status'       => $master_status,
    'slave-status'        => $slave_status,
    'leaderless-status'   => $leaderless_status,
    'error-status'        => $error_status,
    'timeout'             => $timeout,
    'log-level'           => $log_level,
    'http-addr'           => $http_addr,
    'token-file'          => $token_file,
    'ca-file'             => $ca_file,
    'ca-path'             => $ca_path,
    'client-cert'         => $client_cert,
    'client-key'          => $client_key,
    'tls-server-name'     => $tls_server_name,
    'namespace'           => $namespace,
    'partition'           => $partition,
  } + $hooks.map |$option, $command| { [$option, consul_master_election_tagger::command_line($command)] }.convert_to(Hash)

  $times = consul_master_election_tagger::times($wait, $timeout)
  $interval = $check_interval.lest || { $times['interval'] }
  $limit = $check_timeout.lest || { $times['timeout'] }
  $contradictions = consul_master_election_tagger::contradictions($options, $interval, $limit)
  unless $contradictions.empty {
    fail("election '${title}': ${contradictions[0]}")
  }

  if $program {
    $program_path = $program
  } else {
    include consul_master_election_tagger
    $program_path = $consul_master_election_tagger::program_path
    # The program comes before the first check that runs it, and goes when Consul has been told that there is none any more.
    if $consul_master_election_tagger::ensure != 'absent' {
      Class['consul_master_election_tagger::install'] -> Consul::Check[$check_id]
    } elsif $ensure == 'absent' {
      Consul::Check[$check_id] -> Class['consul::reload_service'] -> Class['consul_master_election_tagger::install']
    } else {
      fail("election '${title}': the class consul_master_election_tagger takes the program away; give ensure => absent here too")
    }
  }

  consul::check { $check_id:
    ensure     => $ensure,
    service_id => $consul_service_id.lest || { $consul_service_name },
    args       => [$program_path] + consul_master_election_tagger::arguments($options),
    interval   => $interval,
    timeout    => $limit,
    status     => $check_status,
    notes      => $check_notes,
    token      => $check_token.then |$token| { $token.unwrap },
  }
}

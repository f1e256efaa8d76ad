# @summary One election: a `consul::check` that runs the program on an instance.
#
# Parameters that begin with `check_` are those of Consul's check. All others are the options of the program, with the same names and
# the same defaults. A combination that cannot work does not compile.
#
# @example The instances of redis elect a master, found as redis-master.query.consul
#   consul_master_election_tagger::election { 'redis': }
#
# @example The same, with a failover that takes milliseconds after detection
#   consul_master_election_tagger::election { 'redis':
#     wait       => '50s',
#     lock_delay => '0s',
#     watch_port => true,
#   }
#
# @param ensure
#   Whether the check of the election exists.
#
# @param check_id
#   The ID of the check, also passed to the program (`--check-id`). By default `TITLE-election`.
#
# @param check_interval
#   How long after the end of a run Consul starts the next one. By default `5s`, or `1s` with `wait`. At least `1s`. With `wait` at
#   most `5s`, because nobody watches between two runs.
#
# @param check_timeout
#   After this time Consul kills a run. It must be longer than `wait` and `timeout` together. By default 5 s longer, and at least `30s`.
#
# @param check_notes
#   A remark that Consul shows with the check.
#
# @param check_status
#   The status of the check before its first run. By default `passing`, so that a new check, or an agent that starts, takes no instance
#   out of DNS until then. Consul's own default is `critical`. Until the check has run, an agent that starts shows the former tags; the
#   prepared query finds only the holder of the lock all the same.
#
# @param check_token
#   The ACL token with which the agent registers the check in the catalog, if the agent's default token may not do so. Consul reads
#   it from the check's definition. So it is there, and in Puppet's catalogue, in plain text, even if it is `Sensitive`. The program
#   does not use it: see `token_file`.
#
# @param program
#   The path of the program, if it is not installed by the class `consul_master_election_tagger`. By default that class is included,
#   and its program is used.
#
# @param service_title
#   The title of the `consul::service` that defines the instance. By default the ID of the instance. Without this resource the
#   catalogue does not compile, because Consul loads no definition after a check whose service it does not have. `false` if something
#   else than this catalogue defines the service: then it must be in the agent before the check is.
#
# @param consul_service_name
#   The service whose instances elect a master. By default the title.
#
# @param consul_service_id
#   The ID of the instance, if the node has several instances of the service. The check belongs to this instance. By default the
#   service's name, as in Consul.
#
# @param consul_query_name
#   The prepared query that finds the master. It is the election's name as well. The program's default is `SERVICE-master`.
#
# @param consul_query_tag
#   Tags that the query asks for besides the master tag; `!TAG` excludes a tag.
#
# @param query_ttl
#   How long DNS clients may cache the answer.
#
# @param query_near
#   Sort the query's results by distance from this node; `_agent` means the agent that is asked.
#
# @param query_failover
#   Datacenters to ask, in this order, when this one has no master. Needs `no_fence`.
#
# @param no_fence
#   Keep a plain query that goes by the tags, instead of one that finds only the holder of the lock.
#
# @param master_tag
#   The tag of the master. The program's default is `master`.
#
# @param slave_tag
#   The tag of every other instance. The program's default is `slave`.
#
# @param lock_key
#   The KV key whose lock decides. Instances with the same key form one election. The program's default is `service/QUERY/leader`.
#
# @param lock_delay
#   How long nobody can acquire the lock after the master has failed, at most `1m`. The program's default is `0s` with `wait` and `15s`
#   without.
#
# @param ttl
#   End the lead of an instance whose check has not run for this long: `10s` to `24h`, and longer than `check_interval`. Consul may
#   take up to twice as long. By default never.
#
# @param only_passing
#   Treats a check in warning as a failure. By default, an instance in warning leads if none passes.
#
# @param on_outage
#   What happens to a master's tag while Consul cannot say who holds the lock. The program's default is `keep`.
#
# @param wait
#   A run waits for this long and acts on every change at once. The program's default is `0s`: it does not wait.
#
# @param watch_port
#   Step down when nothing listens on the instance's port; with `wait`, in that moment.
#
# @param watch_address
#   With `watch_port`: where the service listens, if it does not listen where it is registered.
#
# @param watch_grace
#   With `watch_port`: how long a master's service may take to restart without losing the lead; at most half of `timeout`. The
#   program's default is `0s`.
#
# @param priority
#   Lead only while no passing instance has a higher priority; 0 never leads. The program's default is 100.
#
# @param preempt
#   Hand the lead over to an instance of higher priority.
#
# @param preempt_after
#   With `preempt`: how long that instance must have been passing. The program's default is `30s`.
#
# @param max_term
#   Hand the lead over after this time, if another instance can lead. By default never.
#
# @param on_promote
#   A command that runs after the lock is acquired and before the instance is tagged. If it fails, the lock is released.
#
# @param on_demote
#   A command that runs after the master tag is removed and before the lock is released.
#
# @param on_follow
#   A command that runs on a slave whose master has changed.
#
# @param master_status
#   The status of a master's check. The program's default is `passing`.
#
# @param slave_status
#   The status of a slave's check. The program's default is `passing`.
#
# @param leaderless_status
#   The status of a slave's check while nobody leads. The program's default is `passing`.
#
# @param error_status
#   The status that the check ends with after an error. The program's default is `warning`; `critical` takes the instance out of DNS.
#
# @param timeout
#   The time limit of a pass, hooks included. The program's default is `20s`.
#
# @param metrics_file
#   A file in which the check keeps metrics for Prometheus, for a textfile collector. Its directory must exist and be writable for the
#   agent's user.
#
# @param log_level
#   What the program logs to standard error, which Consul stores with the check's output. The program's default is `RUST_LOG` from
#   the agent's environment, or `warn`.
#
# @param http_addr
#   The agent's address: `HOST:PORT`, `http://HOST:PORT/PREFIX`, `https://HOST:PORT/PREFIX` or `unix:///PATH`. By default where the
#   class `consul` lets the agent listen, if that is not `127.0.0.1:8500`. Otherwise `CONSUL_HTTP_ADDR` from the agent's environment, or
#   `127.0.0.1:8500`.
#
# @param token_file
#   A file with the ACL token of the program. There is no parameter for the token itself: it would be in plain text in the check's
#   definition, which `puppet/consul` lets every user of the node read, and in Puppet's catalogue.
#
# @param ca_file
#   A PEM file with the CA that signed the agent's certificate.
#
# @param ca_path
#   A directory of such files; ignored with `ca_file`.
#
# @param client_cert
#   A PEM file with the client certificate, for an agent that requires one. Needs `client_key`.
#
# @param client_key
#   A PEM file with the key of `client_cert`.
#
# @param tls_server_name
#   The name that the agent's certificate must be valid for, if it is not the host of `http_addr`.
#
# @param namespace
#   The namespace (Consul Enterprise).
#
# @param partition
#   The admin partition (Consul Enterprise).
define consul_master_election_tagger::election (
  Enum['present', 'absent'] $ensure = 'present',
  Consul_master_election_tagger::Text $check_id = "${title}-election",
  Optional[Consul_master_election_tagger::Duration] $check_interval = undef,
  Optional[Consul_master_election_tagger::Duration] $check_timeout = undef,
  Optional[Consul_master_election_tagger::Text] $check_notes = undef,
  Consul_master_election_tagger::Status $check_status = 'passing',
  Optional[Variant[Consul_master_election_tagger::Text, Sensitive[Consul_master_election_tagger::Text]]] $check_token = undef,
  Optional[Consul_master_election_tagger::Path] $program = undef,
  Optional[Variant[String[1], Boolean[false]]] $service_title = undef,
  Consul_master_election_tagger::Text $consul_service_name = $title,
  Optional[Consul_master_election_tagger::Text] $consul_service_id = undef,
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
  Optional[Consul_master_election_tagger::Path] $metrics_file = undef,
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
  include consul
  $agent = $http_addr.lest || {
    consul_master_election_tagger::agent_address(getvar('consul::http_addr'), getvar('consul::http_port'))
  }
  $instance = $consul_service_id.lest || { $consul_service_name }

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
    'metrics-file'        => $metrics_file,
    'log-level'           => $log_level,
    'http-addr'           => $agent,
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
  $service = $ensure ? {
    'present' => $service_title.lest || { $instance },
    default   => false,
  }
  $contradictions = consul_master_election_tagger::contradictions($options, $interval, $limit)
  + consul_master_election_tagger::service_contradictions($service, $instance)
  unless $contradictions.empty {
    fail("election '${title}': ${contradictions[0]}")
  }
  # Consul loads no definition after a check whose service it does not have. `->` would not fail for a virtual service.
  $requires = $service ? {
    false   => undef,
    default => Consul::Service[$service],
  }

  if $program {
    $program_path = $program
  } else {
    include consul_master_election_tagger
    $program_path = $consul_master_election_tagger::program_path
    # The program is installed before the first check that runs it, and removed after Consul has reloaded without the check.
    if $consul_master_election_tagger::ensure != 'absent' {
      Class['consul_master_election_tagger::install'] -> Consul::Check[$check_id]
    } elsif $ensure == 'absent' {
      Consul::Check[$check_id] -> Class['consul::reload_service'] -> Class['consul_master_election_tagger::install']
    } else {
      fail("election '${title}': the class consul_master_election_tagger removes the program; give ensure => absent here too")
    }
  }

  consul::check { $check_id:
    ensure     => $ensure,
    service_id => $instance,
    args       => [$program_path] + consul_master_election_tagger::arguments($options),
    interval   => $interval,
    timeout    => $limit,
    status     => $check_status,
    notes      => $check_notes,
    token      => $check_token.then |$token| { $token.unwrap },
    require    => $requires,
  }
}

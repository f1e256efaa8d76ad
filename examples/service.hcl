# A redis whose master is elected, the simple way: every run does its work and ends. On each node with a redis, copy this into the
# config_dir of the Consul agent, then run `consul reload`. The agent needs `enable_local_script_checks = true`: restart it after
# you set that.
#
# service.json has the same in JSON, fast.hcl a definition with a faster failover. Give an agent one of these files only.
#
# If redis is in Consul already and serves clients, add `status = "passing"` to the election check and `"--check-id",
# "redis-election"` to its args: a new check is critical, and takes the instance out of DNS, until it has run. See
# docs/operating.md.

service {
  name = "redis"
  port = 6379

  # No `master` or `slave` here: the election sets and removes those tags. You can add tags of your own.

  checks = [
    {
      # Whether redis works. An instance can lead only while none of its checks is critical. When this check turns critical,
      # Consul ends the master's session, and with it the lock.
      #
      # Keep the `|| exit 2`. Consul reads exit code 1 as a warning, and `redis-cli` and `grep` exit with 1 when redis is dead.
      # An instance in warning stays in DNS and may lead: it hands over only to an instance that passes.
      # The `grep` is needed because `redis-cli ping` exits with 0 on an error reply, such as that of a redis that still loads.
      # A redis that hangs does not answer: `timeout` then ends the check, which is critical too.
      id       = "redis-ping"
      name     = "redis answers"
      args     = ["/bin/sh", "-c", "/usr/bin/redis-cli -h 127.0.0.1 -p 6379 ping | grep -q PONG || exit 2"]
      interval = "2s"
      timeout  = "2s"
    },
    {
      # The election. It acquires the lock when it is free, and maintains the tags and redis-master.query.consul.
      # A free lock waits at most one interval for the next run. Consul kills a run at its `timeout`, so the timeout must
      # exceed the program's own --timeout, 20s by default.
      id       = "redis-election"
      name     = "redis election"
      args     = ["/usr/bin/consul-master-election-tagger", "--consul-service-name", "redis"]
      interval = "5s"
      timeout  = "30s"
    },
  ]
}

# A redis whose master is elected, with a failover of milliseconds. On each node with a redis, copy this into the config_dir of the
# Consul agent, then run `consul reload`. The agent needs `enable_local_script_checks = true`: restart it after you set that.
#
# fast.json has the same in JSON, service.hcl the simple definition without --wait. Give an agent one of these files only.
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
      # Whether redis works. An instance can lead only while all its checks pass. When this check turns critical, Consul ends
      # the master's session, and with it the lock.
      #
      # Keep the `|| exit 2`. Consul reads exit code 1 as a warning, and `redis-cli` and `grep` exit with 1 when redis is dead.
      # An instance in warning stays in DNS and may lead: it hands over only to an instance that passes.
      # The `grep` is needed because `redis-cli ping` exits with 0 on an error reply, such as that of a redis that still loads.
      # A redis that hangs does not answer: `timeout` then ends the check, which is critical too.
      id       = "redis-ping"
      name     = "redis answers"
      args     = ["/bin/sh", "-c", "/usr/bin/redis-cli ping | grep -q PONG || exit 2"] # 2 or more: critical
      interval = "1s"
      timeout  = "2s"
    },
    {
      # The election.
      #
      # --wait 50s        a run waits for 50 s and acts on every change at once; the next run follows an interval later
      # --lock-delay 0s   another instance may lead at once; the prepared query never finds one that does not hold the lock
      #
      # Consul kills a run at its `timeout`. So the timeout must exceed --wait and the program's own --timeout (20s) together.
      id       = "redis-election"
      name     = "redis master election"
      args     = ["consul-master-election-tagger", "--consul-service-name", "redis", "--wait", "50s", "--lock-delay", "0s"]
      interval = "1s"
      timeout  = "75s" # more than --wait and --timeout together: 50s + 20s
    },
  ]
}

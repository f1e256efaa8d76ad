# A redis whose master is elected: copy this into the config_dir of the Consul agent beside each redis, then run
# `consul reload`. The agent needs `enable_local_script_checks = true`, since both checks run a program.
#
# service.json says the same in JSON; an agent takes one of the two, not both.

service {
  name = "redis"
  port = 6379

  # No `master` or `slave` here: the election sets and removes those tags. Tags of your own can stand here and are kept.

  checks = [
    {
      # Whether redis works. Only an instance whose checks all pass can be master, and a master whose check turns critical
      # loses the lock at once.
      #
      # Mind the `|| exit 2`: for Consul, status 1 is a mere warning, and anything above it critical. `redis-cli` and `grep`
      # both end with 1 when redis is dead, so without it the dead master would be a master with a warning, and stay.
      # The `grep` is there because `redis-cli ping` ends with 0 on an error reply, such as that of a redis still loading.
      # A redis that hangs does not answer at all: `timeout` ends the wait then, and Consul calls that critical too.
      id       = "redis-ping"
      name     = "redis answers"
      args     = ["/bin/sh", "-c", "/usr/bin/redis-cli -h 127.0.0.1 -p 6379 ping | grep -q PONG || exit 2"]
      interval = "2s"
      timeout  = "2s"
    },
    {
      # The election. It takes the lock when it is free, and sees to the tags and to redis-master.query.consul.
      # The interval is the longest time that a free lock waits to be noticed. Consul's `timeout` must be longer than the
      # program's own, which is 20s, so that it can end properly before it is killed.
      id       = "redis-election"
      name     = "redis election"
      args     = ["/usr/bin/consul-master-election-tagger", "--consul-service-name", "redis"]
      interval = "5s"
      timeout  = "30s"
    },
  ]
}

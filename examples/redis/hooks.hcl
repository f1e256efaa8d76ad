# A redis whose master is elected, and told of it by the hooks of the election. Goes into the config_dir of the Consul agent beside each redis;
# README.md says what else is needed. The agent needs `enable_local_script_checks = true`.
#
# hooks.json says the same in JSON; an agent takes one of the two, not both.

service {
  name = "redis"
  port = 6379

  checks = [
    {
      # Makes redis what it should be, where it is not (it may have been restarted), and says what its data is worth: critical
      # where it may be older than the others' (1 is only a warning to Consul), warning where it may lead if no other can.
      id       = "redis-health"
      name     = "redis health"
      args     = ["/usr/local/bin/redis-role", "check"]
      interval = "1s"
      timeout  = "8s"
    },
    {
      # --lock-delay 0s        a pause would not stop the old master: its replicas leave it, whereupon it takes no more writes
      # --tolerate-warning     a group that starts has nobody whose data is known to be good, and yet must begin
      # --wait, --watch-port   the lead moves when redis dies, before a check has seen it
      #
      # The hooks make redis what it is to be: master before the name leads to it, replica as soon as there is a master.
      id   = "redis-election"
      name = "redis election"
      args = [
        "/usr/bin/consul-master-election-tagger",
        "--consul-service-name", "redis",
        "--lock-delay", "0s",
        "--tolerate-warning",
        "--wait", "50s",
        "--watch-port",
        "--on-promote", "/usr/local/bin/redis-role hook",
        "--on-demote", "/usr/local/bin/redis-role hook",
        "--on-follow", "/usr/local/bin/redis-role hook",
      ]
      interval = "1s"
      timeout  = "75s"
    },
  ]
}

# A redis whose master is elected, and which gets its role from the hooks of the election. On each node with a redis, copy this
# into the config_dir of the Consul agent; README.md has the other steps. The agent needs `enable_local_script_checks = true`.
#
# hooks.json has the same in JSON. Give an agent one of the two only.

service {
  name = "redis"
  port = 6379

  checks = [
    {
      # Gives redis its role again if it has lost it, for example after a restart, and judges its data: critical if it may be
      # older than the others', warning (exit code 1) if this redis may lead when no other can.
      id       = "redis-health"
      name     = "redis health"
      args     = ["/usr/local/bin/redis-role", "check"]
      interval = "1s"
      timeout  = "8s"
    },
    {
      # --lock-delay 0s        a pause would not stop the former master; it stops taking writes when its replicas leave it
      # --wait, --watch-port   the lead moves when redis dies, before a health check notices
      #
      # The hooks give redis its role: master before the name resolves to it, replica as soon as there is a master.
      id   = "redis-election"
      name = "redis election"
      args = [
        "/usr/bin/consul-master-election-tagger",
        "--consul-service-name", "redis",
        "--lock-delay", "0s",
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

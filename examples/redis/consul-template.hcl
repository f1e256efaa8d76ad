# Gives the redis on this node its role. Start it with: consul-template -config /etc/consul-template.d/redis.hcl (0.41)

consul {
  address = "127.0.0.1:8500"

  # Keeps trying while the agent is away, and notices its return within a second.
  retry {
    attempts    = 0
    max_backoff = "1s"
  }
}

# By default it ends at SIGINT only, but service managers send SIGTERM.
kill_signal = "SIGTERM"

# Reads from the servers' leader. A follower that lags would name the former master.
max_stale = "0s"

template {
  source      = "/etc/consul-template.d/role.ctmpl"
  destination = "/var/lib/redis-role/role"
  command     = ["/usr/local/bin/redis-role", "apply"]
  error_fatal = false
}

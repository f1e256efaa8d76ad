# Tells the redis on this node what it is to be: consul-template -config /etc/consul-template.d/redis.hcl (0.41)

consul {
  address = "127.0.0.1:8500"

  # It goes on for as long as the agent is away, and sees within a second that it is back.
  retry {
    attempts    = 0
    max_backoff = "1s"
  }
}

# By default it ends at SIGINT alone, and service managers send SIGTERM.
kill_signal = "SIGTERM"

# Who leads is asked of the servers' leader: a follower that lags would name the one before.
max_stale = "0s"

template {
  source      = "/etc/consul-template.d/role.ctmpl"
  destination = "/var/lib/redis-role/role"
  command     = ["/usr/local/bin/redis-role", "apply"]
  error_fatal = false
}

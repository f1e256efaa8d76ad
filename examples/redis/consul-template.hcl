# Gives the redis on this node its role (consul-template 0.41). consul-template.service starts it, as the user of the agent and
# never as root: only that user may use /var/lib/redis-role.

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
  perms       = "0600"

  # redis-role refuses a directory that other users can open, as one that is created here would be.
  create_dest_dirs = false
}

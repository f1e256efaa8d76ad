//! What a command line and an environment resolve to, and what is refused before Consul is asked.

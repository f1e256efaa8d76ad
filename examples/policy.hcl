# The ACL policy for the token of the election on one node. Replace NODE with the node's name, as `consul members` shows it:
#
#   consul acl policy create -name redis-election-NODE -rules @policy.hcl
#   consul acl token create -policy-name redis-election-NODE
#
# The names are those that `--consul-service-name redis` implies; other options need other names here. Pass the token to the
# program by CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN in the agent's environment, which its checks inherit.

# The agent needs a token of its own to bring the instance and its checks to the catalog: `acl.tokens.default`, or `token` in the
# definition of the service, with `service "redis" { policy = "write" }`. It does not use `acl.tokens.agent` for that. Without
# it, runs end with `Missing check`.

# To read the instance and its checks, and to register the instance again with other tags.
service "redis" {
  policy = "write"
}

# To create the session that holds the lock. With `session_prefix ""` instead, one policy serves all nodes.
session "NODE" {
  policy = "write"
}

# To acquire the lock and to write its holder into its value.
key "service/redis-master/leader" {
  policy = "write"
}

# To create and maintain redis-master.query.consul.
query "redis-master" {
  policy = "write"
}

# Optional. With it, an instance sees the other candidates: in warning it hands over to one that passes, and priorities count.
# The master also sees what its name finds and what the catalog has of it, and repairs or reports what differs. And it learns the
# node's address, which it needs for an instance that is registered without one.
node_prefix "" {
  policy = "read"
}

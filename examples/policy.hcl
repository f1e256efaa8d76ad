# The ACL policy of the token that the election runs with, on one node. Put the node's name, as `consul members` shows it,
# for NODE, and then:
#
#   consul acl policy create -name redis-election-NODE -rules @policy.hcl
#   consul acl token create -policy-name redis-election-NODE
#
# The names are those that `--consul-service-name redis` implies; other options need other names here. Give the token to the
# program by CONSUL_HTTP_TOKEN_FILE, or CONSUL_HTTP_TOKEN, in the environment of the agent, which its checks inherit.

# To read the instance and its checks, and to register it again with other tags.
service "redis" {
  policy = "write"
}

# To hold the lock by a session of this node. With `session_prefix ""` instead, one policy serves all nodes.
session "NODE" {
  policy = "write"
}

# To take the lock and to say in its value who holds it.
key "service/redis-master/leader" {
  policy = "write"
}

# To make redis-master.query.consul and to keep it right.
query "redis-master" {
  policy = "write"
}

# Not needed to elect. With it, the program can read the catalog back after it changed a tag, and report when the tag did not
# get there; and it learns the node's address, for an instance that was registered without one.
node "NODE" {
  policy = "read"
}

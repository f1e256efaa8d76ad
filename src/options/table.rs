//! The one table of what the user can say to the program and what it says back, and the help that is made from it. The manual and the
//! shell completions are made from it too, by `tests/packaging`. Knows names and words, no values.

/// The ways to call the program, without its name.
pub const USAGE: [&str; 2] = [
    "--consul-service-name NAME [OPTIONS]",
    "resign --consul-service-name NAME [--for DURATION] [--to NODE] [OPTIONS]",
];

/// One option as the user meets it.
pub struct OptionSpec {
    /// The name, without dashes.
    pub name: &'static str,
    /// What stands for its value in the help; empty for a switch.
    pub value: &'static str,
    /// What it does, in one or two lines of help.
    pub help: &'static str,
}

/// Every option, in the order of the help.
pub const OPTIONS: &[OptionSpec] = &[
    option("consul-service-name", "NAME", "The service whose instances elect a master. Required"),
    option(
        "consul-service-id",
        "ID",
        "The instance, where the node has several of the service [default: the only one]",
    ),
    option(
        "consul-query-name",
        "NAME",
        "The prepared query that finds the master, and the election's name [default: SERVICE-master]",
    ),
    option(
        "consul-query-tag",
        "TAG",
        "A tag that the prepared query asks for beside the master tag, or with ! before it excludes; can be repeated",
    ),
    option(
        "query-ttl",
        "DURATION",
        "The time for which DNS clients may keep the answer [default: what is set on the query, or none]",
    ),
    option(
        "query-near",
        "NODE",
        "The node that the query sorts by nearness to, or _agent [default: what is set on the query]",
    ),
    option(
        "query-failover",
        "DC",
        "A datacenter that is asked when this one has no master; can be repeated; needs --no-fence",
    ),
    option(
        "no-fence",
        "",
        "Keep a plain query on the tags, in place of one that only the holder of the lock can be found by",
    ),
    option("master-tag", "TAG", "The tag of the master [default: master]"),
    option("slave-tag", "TAG", "The tag of all others [default: slave]"),
    option(
        "lock-key",
        "KEY",
        "The key whose lock decides; instances that share it form one election [default: service/QUERY/leader]",
    ),
    option(
        "lock-delay",
        "DURATION",
        "How long nobody can take the lock that a failed master held; Consul keeps 1m at most [default: 15s]",
    ),
    option(
        "ttl",
        "DURATION",
        "End the lead of an instance whose check has stopped running for this long, at most twice that: 10s to 24h\n[default: never]",
    ),
    option("check-id", "ID", "The ID of the check that runs this program [default: recognised by what it prints]"),
    option("tolerate-warning", "", "Let an instance lead, and be found, while a check of it is in warning"),
    option(
        "on-outage",
        "keep|demote",
        "What becomes of a master's tag while Consul cannot say who holds the lock [default: keep]",
    ),
    option(
        "wait",
        "DURATION",
        "Stay for so long and act on every change at once; for a check with a short interval [default: 0s]",
    ),
    option(
        "watch-port",
        "",
        "Give the lead up when nothing listens on the instance's port any more; with --wait, in that very moment",
    ),
    option(
        "watch-address",
        "ADDRESS",
        "With --watch-port: HOST:PORT or /SOCKET, where the service listens elsewhere than it is registered",
    ),
    option(
        "watch-grace",
        "DURATION",
        "With --watch-port: how long a master's service may take to restart without losing the lead [default: 0s]",
    ),
    option("priority", "N", "Only lead while no passing instance has a higher one; 0: never [default: 100]"),
    option("preempt", "", "Hand the lead over to an instance of higher priority"),
    option(
        "preempt-after",
        "DURATION",
        "How long that instance must have been passing; any change of its checks begins it anew [default: 30s]",
    ),
    option("max-term", "DURATION", "Hand the lead over after so long, if another instance may lead [default: never]"),
    option(
        "on-promote",
        "COMMAND",
        "Run when the lock is won, before the instance is tagged; if it fails, the lock is given up",
    ),
    option(
        "on-demote",
        "COMMAND",
        "Run when the master's tag is off, before the lock is given up, and when an instance is found to be a slave\nwithout a note that this was done",
    ),
    option("on-follow", "COMMAND", "Run on a slave whose master has changed"),
    option(
        "master-status",
        "STATUS",
        "The status that the check of a master ends with: passing, warning or critical [default: passing]",
    ),
    option("slave-status", "STATUS", "The status that the check of a slave ends with [default: passing]"),
    option(
        "leaderless-status",
        "STATUS",
        "The status that the check of a slave ends with while nobody leads [default: passing]",
    ),
    option(
        "timeout",
        "DURATION",
        "The time for each round of work, hooks included. Consul ends a check after 30s unless its definition has\na longer timeout, which it must have where --wait and --timeout together reach that [default: 20s]",
    ),
    option("http-addr", "ADDRESS", "The agent, in place of CONSUL_HTTP_ADDR, in the same forms"),
    option("token", "TOKEN", "The ACL token; better in a file, since whoever sees the check's definition sees it"),
    option("token-file", "PATH", "A file with the ACL token; goes before --token"),
    option("ca-file", "PATH", "A file with the certificate of the CA that signed the agent's, for https"),
    option("ca-path", "DIRECTORY", "A directory of such files, where no file is named"),
    option("client-cert", "PATH", "A file with the certificate to show to an agent that asks for one"),
    option("client-key", "PATH", "A file with the key of that certificate"),
    option("tls-server-name", "NAME", "The name that the agent's certificate must be for [default: the address]"),
    option("namespace", "NAME", "The namespace, of Consul Enterprise"),
    option("partition", "NAME", "The admin partition, of Consul Enterprise"),
    option(
        "log-level",
        "LEVEL",
        "off, error, warn, info, debug or trace, to standard error [default: RUST_LOG, or warn]",
    ),
    option("for", "DURATION", "With resign: how long the instance stands back [default: 30s]"),
    option(
        "to",
        "NODE",
        "With resign: the node whose instance is to lead; all others leave the lock to it for as long",
    ),
    option("help", "", "Print this help"),
    option("version", "", "Print the version"),
];

const fn option(name: &'static str, value: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec { name, value, help }
}

/// The variables of the environment that the program honours.
pub const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "CONSUL_HTTP_ADDR",
        "The agent: HOST:PORT, http://HOST:PORT/PREFIX, https://HOST:PORT/PREFIX or unix:///SOCKET\n[default: 127.0.0.1:8500]",
    ),
    ("CONSUL_HTTP_TOKEN", "The ACL token"),
    ("CONSUL_HTTP_TOKEN_FILE", "A file with the ACL token; goes before CONSUL_HTTP_TOKEN"),
    ("CONSUL_HTTP_AUTH", "USER or USER:PASSWORD, for a proxy before the agent that asks for them"),
    ("CONSUL_HTTP_SSL", "true: the agent is reached by https, also where its address does not say so"),
    ("CONSUL_HTTP_SSL_VERIFY", "false: whoever answers by https is believed to be the agent; every line then says so"),
    ("CONSUL_CACERT", "As --ca-file [default: the CAs of this machine]"),
    ("CONSUL_CAPATH", "As --ca-path"),
    ("CONSUL_CLIENT_CERT", "As --client-cert"),
    ("CONSUL_CLIENT_KEY", "As --client-key"),
    ("CONSUL_TLS_SERVER_NAME", "As --tls-server-name"),
    ("CONSUL_NAMESPACE", "As --namespace"),
    ("CONSUL_PARTITION", "As --partition"),
    ("RUST_LOG", "The log level, where --log-level is not given"),
];

/// The exit statuses, and what each of them means.
pub const EXIT_STATUSES: &[(&str, &str)] = &[
    ("0", "The role is settled: master, slave of a known master, or waiting for one"),
    ("1", "Consul could not be asked or answered, the tag did not reach the catalog, or a hook failed"),
    ("2", "It can never work as configured: a bad option, no such service, denied by ACL, a name that is taken"),
];

/// Whether an option of this name exists.
pub fn is_known(name: &str) -> bool {
    OPTIONS.iter().any(|option| option.name == name)
}

/// The text of `--help`.
#[must_use]
pub fn help() -> String {
    let usage = USAGE.map(|form| format!("consul-master-election-tagger {form}\n")).join("       ");
    let mut text = format!(
        "Elects one master among the instances of a Consul service, tags it, and keeps a DNS name for it.\n\
         Made to be run by Consul as a script check of each instance.\n\
         \n\
         Usage: {usage}\
         \n\
         resign makes a master hand the lead over: by hand, on its node, with the options of its check.\n\
         \n\
         Options (one dash works as two; --option VALUE or --option=VALUE):\n",
    );
    for option in OPTIONS {
        text += &entry(&format!("--{} {}", option.name, option.value), option.help);
    }
    text += "\nDurations are written as Consul writes them: 15s, 1m30s, 0s. A COMMAND is split into words as a shell would,\n\
     and run without one; name `sh -c '...'` where one is wanted.\n\nEnvironment:\n";
    for (name, help) in ENVIRONMENT {
        text += &entry(name, help);
    }
    text += "\nExit status:\n";
    for (status, meaning) in EXIT_STATUSES {
        text += &entry(status, meaning);
    }
    text
}

/// One entry of the help: the term, then what it means, indented below it.
fn entry(term: &str, meaning: &str) -> String {
    format!("  {}\n          {}\n", term.trim_end(), meaning.replace('\n', "\n          "))
}

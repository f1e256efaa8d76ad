//! The one table of the program's options, and the help that is made from it. Knows names and words, no values.

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
    OptionSpec {
        name: "consul-service-name",
        value: "NAME",
        help: "The service whose instances elect a master. Required",
    },
    OptionSpec {
        name: "consul-service-id",
        value: "ID",
        help: "The instance, where the node has several of the service [default: the only one]",
    },
    OptionSpec {
        name: "consul-query-name",
        value: "NAME",
        help: "The prepared query that finds the master, and the election's name [default: SERVICE-master]",
    },
    OptionSpec {
        name: "consul-query-tag",
        value: "TAG",
        help: "A tag that the prepared query asks for beside the master tag, or with ! before it excludes; can be repeated",
    },
    OptionSpec { name: "master-tag", value: "TAG", help: "The tag of the master [default: master]" },
    OptionSpec { name: "slave-tag", value: "TAG", help: "The tag of all others [default: slave]" },
    OptionSpec {
        name: "lock-key",
        value: "KEY",
        help: "The key whose lock decides; instances that share it form one election [default: service/QUERY/leader]",
    },
    OptionSpec {
        name: "lock-delay",
        value: "DURATION",
        help: "How long nobody can take the lock that a failed master held; Consul keeps 1m at most [default: 15s]",
    },
    OptionSpec {
        name: "check-id",
        value: "ID",
        help: "The ID of the check that runs this program [default: recognised by what it prints]",
    },
    OptionSpec {
        name: "tolerate-warning",
        value: "",
        help: "Let an instance lead, and be found, while a check of it is in warning",
    },
    OptionSpec {
        name: "on-outage",
        value: "keep|demote",
        help: "What becomes of a master's tag while Consul cannot say who holds the lock [default: keep]",
    },
    OptionSpec {
        name: "timeout",
        value: "DURATION",
        help: "The time for the whole run; must be shorter than the check's own timeout [default: 20s]",
    },
    OptionSpec {
        name: "log-level",
        value: "LEVEL",
        help: "off, error, warn, info, debug or trace, to standard error [default: RUST_LOG, or warn]",
    },
    OptionSpec { name: "help", value: "", help: "Print this help" },
    OptionSpec { name: "version", value: "", help: "Print the version" },
];

/// One variable of the environment that the program honours.
pub const ENVIRONMENT: &[(&str, &str)] = &[
    ("CONSUL_HTTP_ADDR", "The agent: HOST:PORT or http://HOST:PORT/PREFIX [default: 127.0.0.1:8500]"),
    ("CONSUL_HTTP_TOKEN", "The ACL token"),
    ("CONSUL_HTTP_TOKEN_FILE", "A file with the ACL token; goes before CONSUL_HTTP_TOKEN"),
    ("RUST_LOG", "The log level, where --log-level is not given"),
];

/// Whether an option of this name exists.
pub fn is_known(name: &str) -> bool {
    OPTIONS.iter().any(|option| option.name == name)
}

/// The text of `--help`.
#[must_use]
pub fn help() -> String {
    let mut text = String::from(
        "Elects one master among the instances of a Consul service, tags it, and keeps a DNS name for it.\n\
         Made to be run by Consul as a script check of each instance.\n\
         \n\
         Usage: consul-master-election-tagger --consul-service-name NAME [OPTIONS]\n\
         \n\
         Options (one dash works as two; --option VALUE or --option=VALUE):\n",
    );
    for option in OPTIONS {
        text += &entry(&format!("--{} {}", option.name, option.value), option.help);
    }
    text += "\nDurations are written as Consul writes them: 15s, 1m30s, 0s.\n\nEnvironment:\n";
    for (name, help) in ENVIRONMENT {
        text += &entry(name, help);
    }
    text += "\nExit status:\n";
    for (status, meaning) in [
        ("0", "The role is settled: master, slave of a known master, or waiting for one"),
        ("1", "Consul could not be asked or answered, or the tag did not reach the catalog"),
        ("2", "It can never work as configured: a bad option, no such service, denied by ACL, a name that is taken"),
    ] {
        text += &entry(status, meaning);
    }
    text
}

/// One entry of the help: the term, then what it means, indented below it.
fn entry(term: &str, meaning: &str) -> String {
    format!("  {}\n          {meaning}\n", term.trim_end())
}

//! The one table of what the user can type, and of the exit codes that come back. Parsing, help, man page, completions and
//! docs/options.md are made from it. Names every option, reads no value.

use super::commands::{COMMANDS, CommandKind};
use super::option::{OptionSpec, option, switch};
use super::show::{FORMATS, UNTIL};
use super::values::{LOG_FORMATS, ON_OUTAGE, STATUSES, add, choice, command, duration, keep, log_level, priority, put};
use super::values::{status, target, word};
use super::{run_options, schedule_options};
use crate::consul::Address;
use crate::duration::format as time;
use crate::election::DEFAULT_PRIORITY;

/// Options that belong together.
pub struct Group {
    /// What they are about.
    pub title: &'static str,
    /// The options, in the order of the help.
    pub options: &'static [OptionSpec],
}

/// Every option, in the order of the help. A default is what a new draft holds, so it stands in one place.
pub static GROUPS: &[Group] = &[
    Group {
        title: "Names",
        options: &[
            option("--consul-service-name", "NAME", |draft, text| keep(&mut draft.names.service, text)).help(
                "The service whose instances elect a master. Required, except by info and doctor, which can find it",
            ),
            option("--consul-service-id", "ID", |draft, text| keep(&mut draft.names.service_id, text))
                .help("The ID of the local instance, if the agent has several instances of the service")
                .default_words("the only one"),
            option("--consul-query-name", "NAME", |draft, text| keep(&mut draft.query, text))
                .help("The prepared query that finds the master. It is the election's name as well")
                .default_words("SERVICE-master"),
            option("--lock-key", "KEY", |draft, text| keep(&mut draft.lock_key, text))
                .help("The KV key whose lock decides. Instances with the same key form one election")
                .default_words("service/QUERY/leader"),
            option("--master-tag", "TAG", |draft, text| keep(&mut draft.names.master_tag, text))
                .help("The tag of the master")
                .default(|draft| draft.names.master_tag.clone()),
            option("--slave-tag", "TAG", |draft, text| keep(&mut draft.names.slave_tag, text))
                .help("The tag of every other instance")
                .default(|draft| draft.names.slave_tag.clone()),
            option("--check-id", "ID", |draft, text| keep(&mut draft.names.check_id, text))
                .help("The ID of the check that runs this program")
                .default_words("recognised by its output"),
        ],
    },
    Group {
        title: "Prepared query",
        options: &[
            option("--consul-query-tag", "TAG", |draft, text| add(&mut draft.policy.query.tags, text))
                .help("A tag that the query asks for besides the master tag; !TAG excludes a tag")
                .repeatable(),
            option("--query-ttl", "DURATION", |draft, text| put(&mut draft.policy.query.ttl, duration(text)))
                .help("How long DNS clients may cache the answer")
                .default_words("the value on the query, or none"),
            option("--query-near", "NODE", |draft, text| keep(&mut draft.policy.query.near, text))
                .help("Sort the query's results by distance from this node; _agent means the agent that is asked")
                .default_words("the value on the query"),
            option("--query-failover", "DC", |draft, text| add(&mut draft.policy.query.failover, text))
                .help("A datacenter to ask when this one has no master; needs --no-fence")
                .repeatable(),
            switch("--no-fence", |draft, _| put(&mut draft.policy.query.fence, Ok(false))).help(
                "Keep a plain query that goes by the tags, instead of one that finds only the holder of the lock",
            ),
        ],
    },
    Group {
        title: "Who leads",
        options: &[
            option("--priority", "N", |draft, text| put(&mut draft.policy.priority, priority(text)))
                .help("Lead only while no passing instance has a higher priority; 0 never leads")
                .default(|_| DEFAULT_PRIORITY.to_string()),
            switch("--preempt", |draft, _| put(&mut draft.preempts, Ok(true)))
                .help("Hand the lead over to an instance of higher priority"),
            option("--preempt-after", "DURATION", |draft, text| put(&mut draft.preempt_after, duration(text)))
                .help("How long that instance must have been passing; any change of its checks restarts the time")
                .default(|draft| time(draft.preempt_after))
                .needs("--preempt"),
            option("--max-term", "DURATION", |draft, text| put(&mut draft.policy.max_term, duration(text)))
                .help("Hand the lead over after this time, if another instance can lead")
                .default_words("never"),
            switch("--only-passing", |draft, _| put(&mut draft.policy.only_passing, Ok(true)))
                .help("Treat a check in warning as a failure. Without it, an instance in warning leads if none passes"),
        ],
    },
    Group {
        title: "Failover",
        options: &[
            option("--lock-delay", "DURATION", |draft, text| put(&mut draft.lock_delay, duration(text).map(Some)))
                .help("How long nobody can acquire the lock after the master has failed. Consul caps it at 1m")
                .default_words("0s with --wait, 15s without"),
            option("--ttl", "DURATION", |draft, text| put(&mut draft.policy.ttl, duration(text)))
                .help(
                    "End the lead of an instance whose check has not run for this long: 10s to 24h. Consul may take up \
                     to twice as long",
                )
                .default_words("never"),
            option("--wait", "DURATION", |draft, text| put(&mut draft.wait.length, duration(text)))
                .help("Wait for this long and act on every change at once; for a check with a short interval")
                .default(|draft| time(draft.wait.length)),
            option("--timeout", "DURATION", |draft, text| {
                draft.show.timeout = Some(duration(text)?);
                put(&mut draft.wait.timeout, duration(text))
            })
            .help(
                "The time limit of a pass, hooks included. Consul kills a check after 30s by default: if --wait and \
                 --timeout add up to that, give the check a longer timeout in its definition. info ends within this \
                 time; watch ends after it with exit code 124, and has no limit by default",
            )
            .default(|draft| time(draft.wait.timeout)),
            option("--on-outage", "keep|demote", |draft, text| {
                put(&mut draft.policy.on_outage, choice(ON_OUTAGE, text))
            })
            .help("What happens to a master's tag while Consul cannot say who holds the lock")
            .default(|draft| word(ON_OUTAGE, &draft.policy.on_outage)),
            switch("--watch-port", |draft, _| put(&mut draft.watches_port, Ok(true)))
                .help("Step down when nothing listens on the instance's port; with --wait, in that moment"),
            option("--watch-address", "ADDRESS", |draft, text| put(&mut draft.watch.address, target(text)))
                .help("HOST:PORT or /SOCKET, if the service does not listen where it is registered")
                .needs("--watch-port"),
            option("--watch-grace", "DURATION", |draft, text| put(&mut draft.watch.grace, duration(text)))
                .help("How long a master's service may take to restart without losing the lead")
                .default(|draft| time(draft.watch.grace))
                .needs("--watch-port"),
        ],
    },
    Group {
        title: "Hooks",
        options: &[
            option("--on-promote", "COMMAND", |draft, text| put(&mut draft.policy.hooks.promote, command(text))).help(
                "Runs after the lock is acquired and before the instance is tagged. If it fails, the lock is \
                     released",
            ),
            option("--on-demote", "COMMAND", |draft, text| put(&mut draft.policy.hooks.demote, command(text))).help(
                "Runs after the master tag is removed and before the lock is released; also on a slave with no \
                     record of it",
            ),
            option("--on-follow", "COMMAND", |draft, text| put(&mut draft.policy.hooks.follow, command(text)))
                .help("Runs on a slave whose master has changed"),
        ],
    },
    Group {
        title: "Check status",
        options: &[
            option("--master-status", "STATUS", |draft, text| put(&mut draft.policy.statuses.master, status(text)))
                .help("The status of a master's check: passing, warning or critical")
                .default(|draft| word(STATUSES, &draft.policy.statuses.master)),
            option("--slave-status", "STATUS", |draft, text| put(&mut draft.policy.statuses.slave, status(text)))
                .help("The status of a slave's check")
                .default(|draft| word(STATUSES, &draft.policy.statuses.slave)),
            option("--leaderless-status", "STATUS", |draft, text| {
                put(&mut draft.policy.statuses.leaderless, status(text))
            })
            .help("The status of a slave's check while nobody leads")
            .default(|draft| word(STATUSES, &draft.policy.statuses.leaderless)),
            option("--error-status", "STATUS", |draft, text| put(&mut draft.policy.statuses.error, status(text)))
                .help("The status of the check after an error; critical removes the instance from DNS")
                .default(|draft| word(STATUSES, &draft.policy.statuses.error)),
        ],
    },
    Group {
        title: "Consul agent",
        options: &[
            option("--http-addr", "ADDRESS", |draft, text| keep(&mut draft.access.http_addr, text))
                .help(
                    "The agent's address: HOST:PORT, http://HOST:PORT/PREFIX, https://HOST:PORT/PREFIX or \
                     unix:///SOCKET",
                )
                .default(|_| Address::parse("", false).map(|address| address.shown()).unwrap_or_default())
                .variable("CONSUL_HTTP_ADDR")
                .only_of(CommandKind::ALL),
            option("--token", "TOKEN", |draft, text| keep(&mut draft.access.token, text))
                .help("The ACL token. Prefer a file: anyone who can read the check's definition can read the token")
                .variable("CONSUL_HTTP_TOKEN")
                .only_of(CommandKind::ALL),
            option("--token-file", "PATH", |draft, text| keep(&mut draft.access.token_file, text))
                .help("A file with the ACL token; takes precedence over --token")
                .variable("CONSUL_HTTP_TOKEN_FILE")
                .only_of(CommandKind::ALL),
            option("--ca-file", "PATH", |draft, text| keep(&mut draft.access.ca_file, text))
                .help("A PEM file with the CA that signed the agent's certificate")
                .default_words("the CAs of this machine")
                .variable("CONSUL_CACERT")
                .only_of(CommandKind::ALL),
            option("--ca-path", "DIRECTORY", |draft, text| keep(&mut draft.access.ca_path, text))
                .help("A directory of such files; ignored if a file is named")
                .variable("CONSUL_CAPATH")
                .only_of(CommandKind::ALL),
            option("--client-cert", "PATH", |draft, text| keep(&mut draft.access.client_cert, text))
                .help("A PEM file with the client certificate, for an agent that requires one")
                .variable("CONSUL_CLIENT_CERT")
                .only_of(CommandKind::ALL),
            option("--client-key", "PATH", |draft, text| keep(&mut draft.access.client_key, text))
                .help("A PEM file with the key of that certificate")
                .variable("CONSUL_CLIENT_KEY")
                .only_of(CommandKind::ALL),
            option("--tls-server-name", "NAME", |draft, text| keep(&mut draft.access.tls_server_name, text))
                .help("The name that the agent's certificate must be valid for")
                .default_words("the host of the address")
                .variable("CONSUL_TLS_SERVER_NAME")
                .only_of(CommandKind::ALL),
            option("--namespace", "NAME", |draft, text| keep(&mut draft.access.namespace, text))
                .help("The namespace (Consul Enterprise)")
                .variable("CONSUL_NAMESPACE")
                .only_of(CommandKind::ALL),
            option("--partition", "NAME", |draft, text| keep(&mut draft.access.partition, text))
                .help("The admin partition (Consul Enterprise)")
                .variable("CONSUL_PARTITION")
                .only_of(CommandKind::ALL),
        ],
    },
    Group {
        title: "Handing over with resign",
        options: &[
            option("--for", "DURATION", |draft, text| put(&mut draft.resign.stands_back, duration(text)))
                .help("How long the instance stands back")
                .default(|draft| time(draft.resign.stands_back))
                .only_of(&[CommandKind::Resign]),
            option("--to", "NODE", |draft, text| keep(&mut draft.resign.to, text))
                .help("The node whose instance should lead; the other instances yield to it for the same time")
                .only_of(&[CommandKind::Resign]),
        ],
    },
    Group { title: "Running a command with run", options: run_options::ROWS },
    Group { title: "Running it on a schedule", options: schedule_options::ROWS },
    Group {
        title: "Showing an election with info, watch and doctor",
        options: &[
            option("--format", "table|json|yaml|prometheus", |draft, text| {
                put(&mut draft.show.format, choice(FORMATS, text))
            })
            .help("The format of the output; watch and doctor have table, which is lines, and json")
            .default_words("table on a terminal and for doctor, json otherwise")
            .only_of(&[CommandKind::Info, CommandKind::Watch, CommandKind::Doctor]),
            option("--name", "NAME", |draft, text| keep(&mut draft.run.name, text))
                .help("Show the election of run, or of a program, that has this name, instead of a service's")
                .only_of(&[CommandKind::Info]),
            option("--until", "leader|change", |draft, text| put(&mut draft.show.until, choice(UNTIL, text)))
                .help("End watch with exit code 0 once somebody leads, or once another leader has taken over")
                .default_words("a signal, or --timeout")
                .only_of(&[CommandKind::Watch]),
        ],
    },
    Group {
        title: "Examining a set-up with doctor",
        options: &[option("--file", "PATH", |draft, text| add(&mut draft.doctor.files, text))
            .help("Examine this definition, in HCL or JSON, instead of asking the agent")
            .repeatable()
            .only_of(&[CommandKind::Doctor])],
    },
    Group {
        title: "General",
        options: &[
            option("--metrics-file", "PATH", |draft, text| {
                draft.show.metrics_file = Some(text.into());
                Ok(())
            })
            .help("Keep metrics for Prometheus in this file, for a textfile collector; its name should end in .prom"),
            option("--log-level", "LEVEL", |draft, text| put(&mut draft.log_level, log_level(text)))
                .help("Log to stderr: off, error, warn, info, debug or trace")
                .default_words("RUST_LOG, or warn; info for run")
                .only_of(CommandKind::ALL),
            option("--log-format", "text|json", |draft, text| put(&mut draft.log_format, choice(LOG_FORMATS, text)))
                .help("How the log is written; json is one object a line, with time, level, election and message")
                .default(|draft| word(LOG_FORMATS, &draft.log_format))
                .only_of(CommandKind::ALL),
            option("--config", "PATH", |_, _| Ok(()))
                .help("A file of options, each a line: option = value. Options and variables take precedence over it")
                .only_of(CommandKind::ALL),
            switch("--help", |_, _| Ok(())).help("Print this help").only_of(CommandKind::ALL),
            switch("--version", |_, _| Ok(())).help("Print the version").only_of(CommandKind::ALL),
        ],
    },
];

/// The environment variables that no option stands for.
const OTHER_VARIABLES: &[(&str, &str)] = &[
    ("CONSUL_HTTP_AUTH", "USER or USER:PASSWORD, for a proxy in front of the agent"),
    ("CONSUL_HTTP_SSL", "true: use https, even if the address does not say so"),
    ("CONSUL_HTTP_SSL_VERIFY", "false: disable certificate verification; every output line then warns about it"),
    (
        "ELECTION_*",
        "Any other option: ELECTION_LOCK_DELAY is --lock-delay. A switch is true or false; values of an option that can be \
         repeated have commas between them. What hooks and the child of run are told is never read",
    ),
    ("RUST_LOG", "The log filter, if --log-level is not given"),
];

/// The exit codes of each command, and what each of them means.
pub const EXIT_CODES: &[(CommandKind, &[(&str, &str)])] = &[
    (
        CommandKind::Check,
        &[
            ("0", "The role is settled: master, slave of a known master, or slave without a master"),
            (
                "1",
                "An error, which the line explains: no answer from Consul, denied by an ACL, a failed hook, a bad option",
            ),
            ("2", "Only on request, by --error-status critical, --master-status critical and so on"),
        ],
    ),
    (CommandKind::Resign, &[("1", "Nothing was handed over; the line says why"), ("2", "A bad option")]),
    (
        CommandKind::Info,
        &[
            ("0", "An instance leads, and nothing is wrong"),
            ("1", "An instance leads, and something is wrong"),
            ("2", "Nobody leads"),
            ("3", "It could not be asked who leads, or a bad option"),
        ],
    ),
    (
        CommandKind::Watch,
        &[
            ("0", "What --until waits for has happened"),
            ("3", "It could not be asked who leads, or a bad option"),
            ("124", "--timeout is over"),
            ("128+N", "Signal N ended it"),
        ],
    ),
    (
        CommandKind::Doctor,
        &[
            ("0", "Nothing is wrong"),
            ("1", "There are warnings"),
            ("2", "The election will not work like this"),
            ("3", "It could not be asked, or a bad option"),
        ],
    ),
    (
        CommandKind::Run,
        &[
            ("75", "The lead was lost, and the command was ended"),
            ("124", "This node has not led within --wait-lock"),
            ("125", "An error of run itself, which the line explains, or a bad option"),
            ("126", "The command cannot be executed; 127: it is not found. Any other code is the command's own"),
            ("128+N", "Signal N ended the command, or the run before it"),
        ],
    ),
];

/// Options of other versions, without dashes, and what to do about each.
pub(super) const REMOVED: &[(&str, &str)] =
    &[("tolerate-warning", "is the default now; remove it, or use --only-passing for the opposite")];

/// How values are written.
pub const NOTATION: &str = "Durations are written as in Consul: 15s, 1m30s, 0s. A COMMAND is split into words like in a shell, but runs \
                            without one; for shell syntax, use `sh -c '...'`.";

/// Every option, in the order of the help.
pub fn options() -> impl Iterator<Item = &'static OptionSpec> {
    GROUPS.iter().flat_map(|group| group.options)
}

/// The option of this name without dashes.
pub(super) fn find(name: &str) -> Option<&'static OptionSpec> {
    options().find(|option| option.name() == name)
}

/// The row of this option for a command: a few options mean something else to `run`, and have a row of their own.
pub(super) fn of_command(option: &'static OptionSpec, command: CommandKind) -> &'static OptionSpec {
    if option.commands.contains(&command) {
        return option;
    }
    options().find(|other| other.flag == option.flag && other.commands.contains(&command)).unwrap_or(option)
}

/// The ways to call the program, without its name.
#[must_use]
pub fn usage() -> Vec<String> {
    COMMANDS.iter().map(|command| format!("{} {}", command.name, command.usage).trim_start().to_owned()).collect()
}

/// Every environment variable that the program reads, and what it does.
#[must_use]
pub fn environment() -> Vec<(&'static str, String)> {
    let of_options = options().filter_map(|option| Some((option.variable?, format!("Same as {}", option.flag))));
    let others = OTHER_VARIABLES.iter().map(|(name, meaning)| (*name, (*meaning).to_owned()));
    of_options.chain(others).collect()
}

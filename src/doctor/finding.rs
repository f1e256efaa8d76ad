//! What can be found, as data, with how bad it is. The words for it are the command line's.

use std::time::Duration;

use super::field_fault::{BadValue, KindFault, Meant, Place};
use super::fields::Kind;
use crate::consul::{Error, QueryDifference, Rule, Status};
use crate::election::Unfit;

/// How bad a finding is, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The election will not work.
    Fail,
    /// It will work less well than it could.
    Warn,
    /// It cannot be known.
    Note,
    /// It is as it should be.
    Fine,
}

/// Defines the findings: each with its severity and the name by which documents and programs know it.
macro_rules! findings {
    ($($(#[$doc:meta])* $variant:ident $({ $($field:ident: $kind:ty),* })? => $severity:ident $name:literal,)*) => {
        /// Something that was found.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the words for a finding say what its fields are")]
        pub enum Finding { $($(#[$doc])* $variant $({ $($field: $kind),* })?,)* }

        impl Finding {
            /// How bad it is.
            #[must_use]
            pub fn severity(&self) -> Severity {
                match self { $(Finding::$variant $({ $($field: _),* })? => Severity::$severity,)* }
            }

            /// The name by which documents and programs know it.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Finding::$variant $({ $($field: _),* })? => $name,)* }
            }
        }

        /// Every finding that is not fine, by its name.
        pub const FINDINGS: &[(&str, Severity)] = &[$(($name, Severity::$severity),)*];
    };
}

findings! {
    // The definition.
    /// No check runs this program.
    NoElectionCheck { services: Vec<String> } => Fail "no-election-check",
    /// Neither a definition nor the command line names an election.
    NoElectionNamed { services: Vec<String> } => Note "no-election-named",
    /// The options of the check are wrong: where the wrong one was given, unless in the check's arguments, and the file of options that these
    /// name.
    BadOptions { check: String, message: String, place: Option<String>, file: Option<String> } => Fail "bad-options",
    /// The file is not JSON.
    BadSyntax { file: String, what: String } => Fail "bad-syntax",
    /// The file cannot be read, or its HCL is of another version than the one that can be read here.
    Unreadable { what: String } => Note "unreadable",
    /// Consul does not know the field.
    UnknownField { place: Place, meant: Meant } => Fail "unknown-field",
    /// The check has a field that Consul no longer takes.
    ScriptField { place: Place } => Fail "script-field",
    /// The field holds something else, or `several` of what it may hold once.
    WrongType { place: Place, wanted: Kind, several: bool } => Fail "wrong-type",
    /// The text is no duration.
    BadTime { place: Place, text: String } => Fail "bad-time",
    /// Consul does not take the value.
    BadValue { place: Place, why: BadValue } => Fail "bad-value",
    /// The service or check has no name.
    NoName { place: Place } => Fail "no-name",
    /// The fields of the check do not say what it does.
    CheckKind { place: Place, fault: KindFault } => Fail "check-kind",
    /// The program of the check and its arguments are one string.
    ArgsInOneString { check: String } => Fail "args-in-one-string",
    /// The election check belongs to the node instead of this instance.
    NodeCheck { check: String, of: String } => Warn "node-check",
    /// Another field of the election check keeps Consul from running its command.
    ArgsIgnored { check: String, by: &'static str } => Fail "args-ignored",
    /// The check belongs to another service than the one that its options name.
    OtherService { check: String, of: String, named: String } => Fail "other-service",
    /// Consul kills each run that waits.
    KilledWhileWaiting { check: String, timeout: Duration, wait: Duration, needed: Duration } => Fail "killed-while-waiting",
    /// Consul may kill a run that works.
    MayBeKilled { check: String, timeout: Duration, needed: Duration } => Warn "may-be-killed",
    /// Nothing happens between two runs that wait.
    LongInterval { check: String, interval: Duration } => Warn "long-interval",
    /// The lock is free again before the former master has run.
    ShortLockDelay { interval: Duration, lock_delay: Duration } => Warn "short-lock-delay",
    /// The session expires between two runs.
    ShortTtl { interval: Duration, ttl: Duration } => Fail "short-ttl",
    /// A health check may exit with 1, which is a warning.
    ExitsWithOne { check: String } => Warn "exits-with-one",
    /// The definition has a tag of a role.
    RoleTag { tag: String } => Warn "role-tag",
    /// The query asks for a tag that the service does not have, or excludes one that it has.
    LacksQueryTag { tag: String } => Fail "query-tag",
    /// The check's definition has a token.
    TokenInDefinition { check: String } => Warn "token-in-definition",
    /// An error of the election takes the instance out of DNS.
    CriticalErrors => Warn "critical-errors",
    /// The agent may show the definition as it was when it started.
    OldDefinition { check: String, version: String } => Note "old-definition",
    /// The definition that is examined.
    DefinitionFine { check: String, of: String } => Fine "definition",

    // The instance.
    /// The agent has no such instance; other nodes may. `present`: its instances of the service, or else its services.
    NoInstance { service: String, id: Option<String>, is_id_wrong: bool, present: Vec<String>, elsewhere: Vec<String> } => Fail "no-instance",
    /// The agent has several instances, and none is named.
    SeveralInstances { service: String, ids: Vec<String> } => Fail "several-instances",
    /// An instance without a check, which Consul keeps after a rename.
    Leftover { id: String } => Warn "leftover-instance",
    /// The service is a proxy or a gateway.
    NotPlain { kind: String } => Fail "not-plain",
    /// The service is registered where other nodes cannot reach it.
    LocalAddress { address: String } => Warn "local-address",
    /// The instance takes part in another election.
    OtherElection { query: String, others: Vec<String> } => Fail "other-election",
    /// No check shows whether the service works.
    NoHealthCheck { service: String } => Warn "no-health-check",
    /// A check keeps the instance from leading.
    CheckFails { id: String, status: Status, output: String } => Warn "check-fails",
    /// Somebody has enabled maintenance.
    Maintenance { of_node: bool } => Warn "maintenance",
    /// The named check does not exist.
    NoSuchCheck { id: String, present: Vec<String> } => Fail "no-such-check",
    /// The named check is not the one that runs this program.
    WrongCheck { id: String, runs: String } => Fail "wrong-check",
    /// No check has run this program yet.
    NotRunYet => Warn "not-run-yet",
    /// The agent cannot start the program.
    CannotStart { check: String, output: String } => Fail "cannot-start",
    /// The election's own check is critical, or reports an error. `hook`: that which fails, and its command, as far as it is known.
    ElectionFails { check: String, status: Status, output: String, hook: Option<(&'static str, Option<String>)> } => Fail "election-fails",
    /// The instance has a mark of the election, and no check of it runs the election.
    NothingRuns { id: String } => Fail "nothing-runs",
    /// The catalog does not have the check.
    NotInCatalog { id: String } => Fail "not-in-catalog",
    /// Nothing listens on the watched port.
    PortSilent { target: String, why: String } => Warn "port-silent",
    /// It is not known where the service listens.
    PortUnknown { id: String } => Fail "port-unknown",
    /// The instance.
    InstanceFine { id: String, checks: Vec<String> } => Fine "instance",

    // The agent.
    /// The servers have no leader.
    NoServersLeader => Fail "no-servers-leader",
    /// A question had no answer, so what it is about is not known. `of_servers`: the agent did answer, and its servers did not.
    NotAsked { what: String, of_servers: bool } => Note "not-asked",
    /// The version was not tried.
    OldVersion { version: String } => Warn "old-version",
    /// The agent does not run script checks.
    ScriptsDisabled => Fail "scripts-disabled",
    /// The agent keeps no output of checks.
    OutputDiscarded => Warn "output-discarded",
    /// The agent cuts the output of checks.
    OutputCut { bytes: u64 } => Warn "output-cut",
    /// The servers refuse the TTL.
    TtlBelowMinimum { ttl: Duration, least: Duration } => Fail "ttl-below-minimum",
    /// The agent does not show its configuration.
    SettingsHidden { rule: Rule } => Note "settings-hidden",
    /// A variable that no option has.
    UnknownVariable { name: String } => Warn "unknown-variable",
    /// The agent, and whether its servers are known to have a leader.
    AgentFine { agent: String, version: String, has_leader: bool } => Fine "agent",

    // The token.
    /// Consul does not know the token.
    NoSuchToken => Fail "no-such-token",
    /// The token lacks a right without which there is no election.
    LacksRule { rule: Rule } => Fail "lacks-rule",
    /// The token lacks a right without which it works less well.
    LacksOptionalRule { rule: Rule } => Warn "lacks-optional-rule",
    /// No token was given. `rules`: what the anonymous one lacks.
    NoToken { rules: Vec<Rule> } => Fail "no-token",
    /// The check has a token of its own, which is not the one that was asked about.
    OtherToken => Note "other-token",
    /// Consul does not say what the token may do.
    RightsUnknown { rules: Vec<Rule> } => Note "rights-unknown",
    /// The token.
    RightsFine { has_acls: bool } => Fine "rights",

    // The election.
    /// The query's name belongs to a query for another service, or to a template.
    QueryTaken { query: String, service: Option<String> } => Fail "query-taken",
    /// The query is not as a master makes it.
    QueryDiffers { query: String, differences: Vec<QueryDifference> } => Warn "query-differs",
    /// There is no query, and somebody leads.
    QueryMissing { query: String, leader: String } => Warn "query-missing",
    /// The query asks for more than the program's options say.
    QueryFilters { query: String, filters: Vec<String> } => Warn "query-filters",
    /// The prepared query.
    QueryFine { query: String, exists: bool } => Fine "query",
    /// A session of another program holds the lock.
    ForeignLock { key: String, session: String, name: String } => Fail "foreign-lock",
    /// The lock.
    LockFine { key: String, holder: Option<String> } => Fine "lock",
    /// Instances of the service take part in elections of other names. `members`: the nodes with this one.
    OtherQuery { query: String, members: Vec<String>, others: Vec<(String, Vec<String>)> } => Fail "other-query",
    /// Instances take part with other lock keys. `members`: the nodes with this one.
    OtherLockKey { key: String, members: Vec<String>, others: Vec<(String, Vec<String>)> } => Fail "other-lock-key",
    /// Another instance has other tags for the roles: those of master and slave.
    OtherTags { node: String, tags: (String, String), own: (String, String) } => Warn "other-tags",
    /// Other instances take no part.
    NoMark { nodes: Vec<String> } => Warn "no-part",
    /// Another instance has a mark, and no check that runs the election.
    NothingRunsThere { node: String, id: String } => Warn "nothing-runs-there",
    /// Other instances should be able to lead and cannot; `output`: what their election checks print.
    CannotLead { nodes: Vec<String>, why: Unfit, output: String } => Warn "cannot-lead",
    /// There is no other instance.
    NoOtherCandidate => Warn "no-other-candidate",
    /// Every instance has the priority 0.
    NobodyMayLead => Fail "nobody-may-lead",
    /// Several passing instances have the master's tag.
    TwoMasters { nodes: Vec<String> } => Warn "two-masters",
    /// The master's clock is ahead.
    ClockAhead { node: String, by: Duration } => Warn "clock-ahead",
    /// The instances that may lead.
    CandidatesFine { nodes: Vec<String> } => Fine "candidates",

    // DNS.
    /// The name does not answer with the master.
    NameDisagrees { name: String, leader: String, answers: Vec<String> } => Warn "name-disagrees",
    /// The agent answers no DNS.
    DnsOff => Warn "dns-off",
    /// The agent's DNS does not answer.
    DnsSilent { name: String, why: String } => Note "dns-silent",
    /// DNS leaves out an instance in warning.
    DnsOnlyPassing => Warn "dns-only-passing",
    /// A resolver may remember that nobody leads.
    NegativeTtl { seconds: u64 } => Warn "negative-ttl",
    /// A resolver may remember a former master.
    ServiceTtl { service: String, ttl: String } => Warn "service-ttl",
    /// The agent answers from its cache.
    DnsCache => Warn "dns-cache",
    /// A server that lags may answer.
    StaleDns { servers: usize } => Note "stale-dns",
    /// The name.
    NameFine { name: String, answers: Vec<String> } => Fine "name",
}

impl Finding {
    /// That a question had no answer, and why.
    pub fn not_asked(error: &Error) -> Finding {
        Finding::NotAsked { what: format!("{error:#}"), of_servers: error.is_of_servers() }
    }
}

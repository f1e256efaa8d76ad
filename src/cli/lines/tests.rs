//! Compares every line that a pass can end with to `tests/golden/lines.txt`. `UPDATE_GOLDEN=1` rewrites the file; read the difference
//! before you commit it.

use std::fmt::Write;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};

use super::*;
use crate::consul;
use crate::consul::{Kind, PortDoubt, Resource, Rule, Suspicion};
use crate::election::Failure;
use crate::election::{Contradiction, Difference, Fault, HookName, Identity, QueryFault};
use crate::port::{Target, Unclear};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/lines.txt");

#[test]
fn every_line_is_as_the_golden_file_has_it() {
    let mut text = String::from("# Every line that a pass can end with, behind its exit status.\n");
    for outcome in outcomes() {
        let verdict = of_outcome(&Config::for_tests(), &Places::default(), &outcome);
        assert!(verdict.line.chars().count() <= 300, "too long for Consul's UI: {}", verdict.line);
        writeln!(text, "{} {}", verdict.exit_code(), verdict.line).unwrap();
    }
    let resigned = of_resignation(
        &Config::for_tests(),
        &Places::default(),
        &Ok(settled(Role::SlaveOf(leader(Some("n2"), "10.0.0.2", 6379)))),
        false,
    );
    writeln!(text, "{} {}", resigned.exit_code(), resigned.line).unwrap();
    let slave = of_outcome(
        &Config::for_tests(),
        &Places::default(),
        &Ok(settled(Role::SlaveOf(leader(Some("n2"), "10.0.0.2", 6379)))),
    );
    let path = std::path::Path::new("/var/lib/prometheus/node-exporter/election.prom");
    let denied = std::io::Error::from(ErrorKind::PermissionDenied);
    let unwritten = crate::cli::pass_metrics::with_warning(&slave, path, &denied);
    writeln!(text, "{} {}", unwritten.exit_code(), unwritten.line).unwrap();
    let panic = of_panic(Some("redis-master"), "index out of bounds\nsecond line (src/x.rs:1)");
    writeln!(text, "{} {}", panic.exit_code(), panic.line).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(GOLDEN).unwrap(), "see the header of this file");
}

#[test]
fn a_command_that_a_person_types_is_to_be_tried_again_by_hand() {
    let line = |options: &str| {
        let outcome = Err(Complaint::Consul(consul_error(Kind::Status(500, "No cluster leader".to_owned()))));
        of_outcome(&Config::typed(options), &Places::default(), &outcome).line
    };
    assert!(line("").ends_with("500 No cluster leader; the next run tries again"), "{}", line(""));
    assert!(line("resign").ends_with("500 No cluster leader; run resign again"), "{}", line("resign"));
}

/// The exit code of each error, whether a complaint or a role that is one.
fn codes_of_errors(options: &str) -> Vec<u8> {
    let config = Config::typed(options);
    let verdicts = outcomes().map(|outcome| of_outcome(&config, &Places::default(), &outcome));
    let mut codes: Vec<u8> =
        verdicts.filter(|verdict| verdict.line.contains(": error: ")).map(|verdict| verdict.exit_code()).collect();
    codes.dedup();
    codes
}

#[test]
fn an_error_has_the_status_that_is_asked_for_whether_it_is_permanent_or_not() {
    assert!(errors().iter().any(Complaint::is_permanent) && !errors().iter().all(Complaint::is_permanent));
    for (options, code) in
        [("", 1), ("--error-status passing", 0), ("--error-status warning", 1), ("--error-status critical", 2)]
    {
        assert_eq!(codes_of_errors(options), [code], "{options}");
        assert_eq!(codes_of_errors(&format!("resign {options}")), [1], "a typed command fails visibly: {options}");
    }
    let slave = Ok(settled(Role::SlaveOf(leader(None, "", 0))));
    assert_eq!(of_outcome(&Config::typed("--error-status critical"), &Places::default(), &slave).exit_code(), 0);
}

fn leader(node: Option<&str>, address: &str, port: u16) -> Leader {
    Leader {
        instance: node.map(|node| Identity { node: node.to_owned(), service_id: "redis".to_owned() }),
        address: address.to_owned(),
        port,
        session: "9a1a3d22-6dbe-4c6c-9c1e-000000000001".to_owned(),
        ..Leader::default()
    }
}

fn settled(role: Role) -> Settled {
    Settled { role, caveat: None }
}

fn outcomes() -> impl Iterator<Item = Outcome> {
    let settled = roles().into_iter().map(settled).chain(with_caveats());
    settled.map(Ok).chain(errors().into_iter().map(Err))
}

/// A role with each caveat.
fn with_caveats() -> impl Iterator<Item = Settled> {
    let query = || "redis-master".to_owned();
    let socket = || Target::Unix("/run/redis.sock".into());
    let not_watched = |target, why| Caveat::NotWatched { target, why };
    let caveats = vec![
        Caveat::Filtered { query: query(), filters: vec!["NodeMeta rack=b".to_owned()] },
        Caveat::NotFound { query: query() },
        Caveat::Shared { query: query(), nodes: vec!["n3".to_owned()] },
        Caveat::OthersHidden,
        Caveat::OwnMachine("127.0.0.1".to_owned()),
        Caveat::Leftover("redis-old".to_owned()),
        Caveat::NoHealthCheck,
        not_watched(Target::Tcp("redis.example".to_owned(), 6379), Unclear::Unresolved),
        not_watched(socket(), Unclear::NoAnswer),
        not_watched(socket(), Unclear::Failed(ErrorKind::PermissionDenied)),
    ];
    let master = || Role::Master { leader: leader(Some("n2"), "10.0.0.2", 6379), term: 7 };
    caveats.into_iter().map(move |caveat| Settled { role: master(), caveat: Some(caveat) })
}

fn roles() -> Vec<Role> {
    let check = |id: &str, status| Vacancy::NotEligible(Obstacle::Check { id: id.to_owned(), status });
    vec![
        Role::Master { leader: leader(Some("n2"), "10.0.0.2", 6379), term: 7 },
        Role::SlaveOf(leader(Some("n2"), "10.0.0.2", 6379)),
        Role::SlaveOf(leader(Some("n2"), "fd00::2", 6379)),
        Role::SlaveOf(leader(Some("n2"), "redis.example", 0)),
        Role::SlaveOf(leader(Some("n2"), "", 6379)),
        Role::SlaveOf(leader(Some("n2"), "", 0)),
        Role::SlaveOf(leader(None, "", 0)),
        Role::SlaveOfNone(check("ping", Status::Critical)),
        Role::SlaveOfNone(check("service:redis", Status::Warning)),
        Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::SilentCheck("redis-election".to_owned()))),
        Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::InstanceInMaintenance)),
        Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::NodeInMaintenance)),
        Role::SlaveOfNone(Vacancy::LockDelay),
        Role::SlaveOfNone(Vacancy::NotNamed(Some("n2".to_owned()))),
        Role::SlaveOfNone(Vacancy::NotNamed(None)),
        Role::SlaveOfNone(Vacancy::CheckRemoved("redis-election".to_owned())),
        Role::SlaveOfNone(Vacancy::NothingListens(Target::Tcp("10.0.0.1".to_owned(), 6379))),
        Role::SlaveOfNone(Vacancy::NothingListens(Target::Unix("/run/redis.sock".into()))),
        Role::SlaveOfNone(Vacancy::NoPort("redis-1".to_owned())),
        Role::SlaveOfNone(Vacancy::Split(Split {
            node: "n2".to_owned(),
            key: "service/redis/leader".to_owned(),
            own_key: "service/redis-master/leader".to_owned(),
        })),
        Role::SlaveOfNone(Vacancy::NeverLeads),
        Role::SlaveOfNone(Vacancy::StandsBack(None)),
        Role::SlaveOfNone(Vacancy::NothingToResign),
        Role::SlaveOfNone(Vacancy::HandedTo("n2".to_owned())),
        Role::SlaveOfNone(Vacancy::Yields("n2".to_owned())),
        Role::SlaveOfNone(Vacancy::YieldsInWarning("n2".to_owned())),
        Role::SlaveOfNone(Vacancy::StandsBack(Some(Failure { error: "why".to_owned(), for_good: false }))),
        Role::SlaveOfNone(Vacancy::StandsBack(Some(Failure { error: "why".to_owned(), for_good: true }))),
    ]
}

fn errors() -> Vec<Complaint> {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let agent = || "http://127.0.0.1:8500".to_owned();
    let fault = |fault| Complaint::Fault { query: "redis-master".to_owned(), fault };
    let query = |reason| fault(Fault::Query(reason));
    let contradiction = |what, theirs: &str, ours: &str| {
        let (key, node) = ("service/redis/leader".to_owned(), "n2".to_owned());
        let (theirs, ours) = (theirs.to_owned(), ours.to_owned());
        fault(Fault::Contradiction(Box::new(Contradiction { key, node, what, theirs, ours })))
    };
    let mut errors: Vec<Complaint> = [
        Kind::Unreachable("Connection refused (os error 111)".into()),
        Kind::TimedOut(Duration::from_secs(20)),
        Kind::Interrupted("Peer disconnected".into()),
        Kind::NotUnderstood("expected value at line 1 column 1".into()),
        Kind::TooLarge(1_048_576),
        Kind::Status(500, "No cluster leader".to_owned()),
        Kind::Status(
            500,
            "rpc error getting client: failed to get conn: dial tcp 10.0.0.9:8300: connection refused".to_owned(),
        ),
        Kind::Status(429, String::new()),
        Kind::Status(301, "Moved Permanently".to_owned()),
        Kind::Status(400, "Request decode failed".to_owned()),
        Kind::Status(403, "Permission denied".to_owned()),
        Kind::Status(403, "ACL not found".to_owned()),
        Kind::DeniedInOutage("Permission denied".to_owned()),
        Kind::Forbidden("Permission denied (os error 13)".into()),
        Kind::Status(400, "Client sent an HTTP request to an HTTPS server.".to_owned()),
        Kind::Status(400, "Namespaces are a Consul Enterprise feature".to_owned()),
    ]
    .into_iter()
    .chain(
        [
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer),
            rustls::Error::InvalidCertificate(CertificateError::NotValidForName),
            rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
                time: UnixTime::since_unix_epoch(Duration::from_secs(1_700_000_000)),
                not_after: UnixTime::since_unix_epoch(Duration::from_secs(1_600_000_000)),
            }),
            rustls::Error::InvalidCertificate(CertificateError::Revoked),
            rustls::Error::AlertReceived(AlertDescription::CertificateRequired),
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType),
            rustls::Error::PeerIncompatible(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig),
            rustls::Error::DecryptError,
        ]
        .map(Kind::of_tls),
    )
    .map(|kind| Complaint::Consul(consul_error(kind)))
    .collect();
    let tokenless = consul_error(Kind::Status(403, "Permission denied".to_owned()));
    errors.push(Complaint::Consul(consul::Error { has_token: false, ..tokenless }));
    errors.extend(mistakes().into_iter().map(Complaint::Consul));
    errors.extend([
        Complaint::Demoted(consul_error(Kind::Status(500, "No cluster leader".to_owned()))),
        Complaint::NoSuchService {
            agent: agent(),
            service: "redis".to_owned(),
            id: None,
            present: words(&["postgresql", "web"]),
        },
        Complaint::NoSuchService { agent: agent(), service: "redis".to_owned(), id: None, present: Vec::new() },
        Complaint::NoSuchService {
            agent: agent(),
            service: "redis".to_owned(),
            id: Some("redis-3".to_owned()),
            present: words(&["redis-1", "redis-2"]),
        },
        Complaint::SeveralInstances { service: "redis".to_owned(), ids: words(&["redis-1", "redis-2"]) },
        Complaint::NotPlain { id: "redis-proxy".to_owned(), kind: "connect-proxy".to_owned() },
        Complaint::NoSuchCheck { id: "elect".to_owned(), present: words(&["election", "ping"]) },
        Complaint::WrongCheck { id: "redis-ping".to_owned(), runs: "redis-election".to_owned() },
        Complaint::OtherElections { query: "redis-master".to_owned(), others: words(&["redis-writer"]) },
        contradiction(Difference::Query, "redis-writer", "redis-master"),
        contradiction(Difference::Service, "postgresql", "redis"),
        contradiction(Difference::MasterTag, "primary", "master"),
        Complaint::LockOfOther { key: "service/redis/leader".to_owned(), election: "redis-writer".to_owned() },
        query(QueryFault::Template),
        query(QueryFault::OtherService("postgresql".to_owned())),
        query(QueryFault::HiddenToken),
        query(QueryFault::TagMismatch("sensu".to_owned())),
        query(QueryFault::TagMismatch("!old".to_owned())),
        fault(Fault::NotInCatalog("redis-1".to_owned())),
        fault(Fault::NotFound),
        fault(Fault::OthersHidden),
        Complaint::TagNotInCatalog {
            id: "redis-1".to_owned(),
            wanted: words(&["v7", "master"]),
            found: words(&["v7", "slave"]),
        },
        fault(Fault::NoCandidate { node: "n9".to_owned(), present: words(&["n2", "n3"]) }),
        Complaint::MetaFull { id: "redis-1".to_owned(), keys: 65 },
        Complaint::Hook {
            hook: HookName::Promote,
            failure: "exit status 3: cannot connect (command /usr/local/bin/promote)".to_owned(),
        },
        Complaint::Hook { hook: HookName::Demote, failure: "killed after 16s (command sh)".to_owned() },
        Complaint::Unsettled,
    ]);
    errors
}

/// Errors that show a mistake in how the agent is reached or set up.
fn mistakes() -> Vec<consul::Error> {
    let empty = consul_error(Kind::Status(403, "Permission denied".to_owned()));
    let suspicion = |file: Option<&str>, port| Arc::new(Suspicion { empty_token_file: file.map(str::to_owned), port });
    let refused = consul_error(Kind::Unreachable("Connection refused (os error 111)".into()));
    let dns = consul_error(Kind::Interrupted("Peer disconnected".into()));
    let session = |words: &str| consul::Error {
        purpose: "create a session".to_owned(),
        rule: Rule::write(Resource::Session, "n1"),
        ..consul_error(Kind::Status(500, words.to_owned()))
    };
    vec![
        consul::Error { has_token: false, suspicion: suspicion(Some("/etc/consul-election-token"), None), ..empty },
        consul::Error {
            agent: "http://127.0.0.1:80".into(),
            suspicion: suspicion(None, Some(PortDoubt::NotGiven(80))),
            ..refused
        },
        consul::Error {
            agent: "http://127.0.0.1:8600".into(),
            suspicion: suspicion(None, Some(PortDoubt::Serves(8600, "DNS"))),
            ..dns
        },
        session("Invalid Session TTL '10000000000', must be between [30s=24h0m0s]"),
        session("Missing check 'redis-ping' registration"),
    ]
}

fn consul_error(kind: Kind) -> consul::Error {
    consul::Error {
        purpose: "read key service/redis-master/leader".to_owned(),
        agent: "http://127.0.0.1:8500".into(),
        rule: Rule::write(Resource::Key, "service/redis-master/leader"),
        has_token: true,
        suspicion: Arc::default(),
        kind,
    }
}

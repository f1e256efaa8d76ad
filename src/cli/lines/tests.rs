//! Holds every line that a pass can end with against `tests/golden/lines.txt`. `UPDATE_GOLDEN=1` writes the file anew, to be
//! read before it is committed.

use std::fmt::Write;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};

use super::*;
use crate::consul;
use crate::consul::{Kind, Resource, Rule};
use crate::election::Failure;
use crate::election::{Fault, HookName, Identity, QueryFault};
use crate::port::Target;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/lines.txt");

#[test]
fn every_line_is_as_the_golden_file_has_it() {
    let mut text = String::from("# Every line that a pass can end with, behind its exit status.\n");
    let roles = roles().into_iter().map(Ok);
    for outcome in roles.chain(errors().into_iter().map(Err)) {
        let verdict = of_outcome(&Config::for_tests(), &outcome);
        assert!(verdict.line.chars().count() <= 300, "too long for Consul's UI: {}", verdict.line);
        writeln!(text, "{} {}", verdict.exit_code(), verdict.line).unwrap();
    }
    let panic = of_panic(Some("redis-master"), "index out of bounds\nsecond line (src/x.rs:1)");
    writeln!(text, "{} {}", panic.exit_code(), panic.line).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(GOLDEN).unwrap(), "see the header of this file");
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

fn roles() -> Vec<Role> {
    let query = || "redis-master".to_owned();
    let master = |caveat| Role::Master { leader: leader(Some("n2"), "10.0.0.2", 6379), term: 7, caveat };
    let check = |id: &str, status| Vacancy::NotEligible(Obstacle::Check { id: id.to_owned(), status });
    vec![
        master(None),
        master(Some(Caveat::Filtered { query: query(), filters: vec!["NodeMeta rack=b".to_owned()] })),
        master(Some(Caveat::NotFound { query: query() })),
        master(Some(Caveat::OthersHidden)),
        master(Some(Caveat::Shared { query: query(), nodes: vec!["n3".to_owned()] })),
        Role::SlaveOf(leader(Some("n2"), "10.0.0.2", 6379)),
        Role::SlaveOf(leader(Some("n2"), "fd00::2", 6379)),
        Role::SlaveOf(leader(Some("n2"), "redis.example", 0)),
        Role::SlaveOf(leader(Some("n2"), "", 6379)),
        Role::SlaveOf(leader(Some("n2"), "", 0)),
        Role::SlaveOf(leader(None, "", 0)),
        Role::SlaveOfNone(check("ping", Status::Critical)),
        Role::SlaveOfNone(check("service:redis", Status::Warning)),
        Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::InstanceInMaintenance)),
        Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::NodeInMaintenance)),
        Role::SlaveOfNone(Vacancy::LockDelay),
        Role::SlaveOfNone(Vacancy::NothingListens(Target::Tcp("10.0.0.1".to_owned(), 6379))),
        Role::SlaveOfNone(Vacancy::NothingListens(Target::Unix("/run/redis.sock".into()))),
        Role::SlaveOfNone(Vacancy::NoPort("redis-1".to_owned())),
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
    let fault = |fault| Complaint::Fault { query: "redis-master".to_owned(), fault };
    let query = |reason| fault(Fault::Query(reason));
    let mut errors: Vec<Complaint> = [
        Kind::Unreachable("Connection refused (os error 111)".into()),
        Kind::TimedOut(Duration::from_secs(20)),
        Kind::Interrupted("Peer disconnected".into()),
        Kind::NotUnderstood("expected value at line 1 column 1".into()),
        Kind::Status(500, "No cluster leader".to_owned()),
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
    errors.extend([
        Complaint::Consul(consul::Error { has_token: false, ..tokenless }),
        Complaint::Demoted(consul_error(Kind::Status(500, "No cluster leader".to_owned()))),
        Complaint::NoSuchService { service: "redis".to_owned(), id: None, present: words(&["postgresql", "web"]) },
        Complaint::NoSuchService { service: "redis".to_owned(), id: None, present: Vec::new() },
        Complaint::NoSuchService {
            service: "redis".to_owned(),
            id: Some("redis-3".to_owned()),
            present: words(&["redis-1", "redis-2"]),
        },
        Complaint::SeveralInstances { service: "redis".to_owned(), ids: words(&["redis-1", "redis-2"]) },
        Complaint::NotPlain { id: "redis-proxy".to_owned(), kind: "connect-proxy".to_owned() },
        Complaint::NoSuchCheck { id: "elect".to_owned(), present: words(&["election", "ping"]) },
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
        Complaint::Hook { hook: HookName::Promote, failure: "exit status 3: cannot connect".to_owned() },
        Complaint::Hook { hook: HookName::Demote, failure: "killed after 16s".to_owned() },
        Complaint::Unsettled,
    ]);
    errors
}

fn consul_error(kind: Kind) -> consul::Error {
    consul::Error {
        purpose: "read key service/redis-master/leader".to_owned(),
        agent: "http://127.0.0.1:8500".into(),
        rule: Rule::write(Resource::Key, "service/redis-master/leader"),
        has_token: true,
        kind,
    }
}

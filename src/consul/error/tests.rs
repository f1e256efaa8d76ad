//! What an error says, and which remedy it names.

use rustls::CertificateError;

use super::*;
use crate::consul::acl::Resource;

fn error(kind: Kind) -> Error {
    Error {
        purpose: "read key k".to_owned(),
        agent: "http://127.0.0.1:8500".into(),
        rule: Rule::write(Resource::Key, "k"),
        has_token: true,
        suspicion: Arc::default(),
        kind,
    }
}

impl Error {
    /// An error for the tests of other modules: one that needs an operator, or an outage.
    pub(crate) fn example(is_permanent: bool) -> Error {
        let (status, words) = if is_permanent { (403, "Permission denied") } else { (500, "No cluster leader") };
        let error = error(Kind::Status(status, words.to_owned()));
        assert_eq!(error.is_permanent(), is_permanent);
        error
    }
}

fn chain(error: &Error) -> Vec<String> {
    let (mut texts, mut next) = (vec![error.to_string()], error.source());
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    texts
}

#[test]
fn the_cause_is_a_source_and_printed_once() {
    let error = error(Kind::Interrupted(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()));
    let plain = "cannot read key k at http://127.0.0.1:8500: the connection ended early";
    assert_eq!(chain(&error), [plain, "broken pipe"]);
    assert_eq!(format!("{error:#}"), format!("{plain}: broken pipe"));
    assert!(error.source().is_some_and(<dyn StdError>::is::<std::io::Error>));
}

#[test]
fn a_handshake_keeps_rustls_own_error_behind_words_that_do_not_change() {
    let error = error(Kind::of_tls(rustls::Error::InvalidCertificate(CertificateError::Expired)));
    assert_eq!(chain(&error)[1], "its certificate has expired");
    assert_eq!(chain(&error).len(), 3);
    assert!(format!("{error:#}").ends_with(": TLS failed: its certificate has expired"));
}

#[test]
fn a_denial_names_the_missing_rule_in_text_and_remedy() {
    let mut error = error(Kind::Status(403, "Permission denied".to_owned()));
    assert!(error.to_string().ends_with(": 403 Permission denied; the token needs: key \"k\" { policy = \"write\" }"));
    assert_eq!(error.remedy(), Remedy::Grant(error.rule.clone()));
    error.has_token = false;
    assert!(error.to_string().ends_with("; needs a token with: key \"k\" { policy = \"write\" }"));
    assert_eq!(error.remedy(), Remedy::GiveToken(error.rule.clone()));
}

#[test]
fn a_ttl_below_the_servers_limit_is_permanent_and_names_the_limit() {
    for (words, least) in [
        ("Invalid Session TTL '10000000000', must be between [30s=24h0m0s]", Some(Duration::from_secs(30))),
        ("Invalid Session TTL '10000000000', must be more", None),
    ] {
        let error = error(Kind::Status(500, words.to_owned()));
        assert_eq!((error.remedy(), error.is_permanent()), (Remedy::RaiseTtl(least), true), "{words}");
    }
}

#[test]
fn a_port_is_doubted_only_where_no_agent_answered() {
    let suspicion = Arc::new(Suspicion { port: Some(PortDoubt::NotGiven(80)), ..Suspicion::default() });
    let doubted = |kind| {
        let error = Error { suspicion: suspicion.clone(), ..error(kind) };
        matches!(error.remedy(), Remedy::CorrectPort(_))
    };
    let cause = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into();
    assert!(doubted(Kind::Unreachable(cause())) && doubted(Kind::Interrupted(cause())));
    assert!(doubted(Kind::Status(404, "<html>".to_owned())));
    for status in [301, 400, 401, 403, 429, 500] {
        assert!(!doubted(Kind::Status(status, String::new())), "{status}");
    }
}

#[test]
fn an_agent_whose_servers_do_not_answer_is_told_from_one_that_fails_itself() {
    for (status, words, expected) in [
        (500, "rpc error getting client: failed to get conn: dial tcp 10.0.0.1:8300: i/o timeout", true),
        (500, "rpc error making call: EOF", true),
        (500, "No cluster leader", true),
        (500, "No known Consul servers", true),
        (500, "Invalid Session TTL", false),
        (403, "rpc error making call: Permission denied", false),
    ] {
        assert_eq!(error(Kind::Status(status, words.to_owned())).is_of_servers(), expected, "{words}");
    }
    assert!(!error(Kind::TimedOut(std::time::Duration::from_secs(1))).is_of_servers());
}

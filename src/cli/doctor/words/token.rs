//! The words for what is found about a token. Judges nothing.

use super::{Words, fine, words};
use crate::consul::{Resource, Rule};
use crate::doctor::Finding;

/// What a rule is for.
fn right(rule: &Rule) -> &'static str {
    match rule.resource {
        Resource::Key => "write the lock key",
        Resource::Service => "tag the instance",
        Resource::Session => "create a session",
        Resource::Query => "write the prepared query",
        Resource::Node => "see the other instances, so priorities and a hand-over in warning have no effect",
        Resource::Agent => "read the agent's configuration",
    }
}

pub fn of_token(finding: &Finding) -> Words {
    match finding {
        Finding::NoSuchToken => words(
            "Consul does not know the token",
            "give another with --token-file, CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN; a new one is known everywhere after 30 s",
        ),
        Finding::LacksRule { rule } | Finding::LacksOptionalRule { rule } => {
            words(format!("the token may not {}", right(rule)), format!("add: {rule}"))
        }
        Finding::NoToken { rules } => words(
            match rules.as_slice() {
                [] => "no token was given: the rights are those of the anonymous token".to_owned(),
                rules => {
                    let rights: Vec<&str> = rules.iter().map(right).collect();
                    format!("no token was given, and the anonymous one may not {}", rights.join("; nor "))
                }
            },
            "give the token of the check with --token-file, CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN",
        ),
        Finding::OtherToken => words(
            "the rights are those of the token you gave, not those of the check's own token",
            "run doctor without a token to examine that of the check",
        ),
        Finding::RightsUnknown { rules } => {
            let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
            words(
                "Consul does not say whether the token may do everything",
                format!("see that it has: {}", rules.join(", ")),
            )
        }
        Finding::RightsFine { has_acls: true } => fine("the token has every rule that the election needs"),
        Finding::RightsFine { has_acls: false } => fine("this Consul has no ACLs"),
        _ => None,
    }
}

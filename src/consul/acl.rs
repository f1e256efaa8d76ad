//! The ACL rules that requests need, as they stand in a policy. Must never know a token.

use std::fmt;

/// A rule of an ACL policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The kind of thing that the rule is about.
    pub resource: Resource,
    /// The things of that kind that the rule covers.
    pub extent: Extent,
    /// What the rule allows.
    pub right: Right,
}

/// A kind of thing that ACL rules protect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// An agent, by its node's name.
    Agent,
    /// A key of the KV store.
    Key,
    /// A node, by its name.
    Node,
    /// A prepared query, by its name.
    Query,
    /// A service, by its name.
    Service,
    /// The sessions of a node, by the node's name.
    Session,
}

/// The names that a rule covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Exactly this name.
    Name(String),
    /// Every name.
    All,
}

/// What a rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

impl Rule {
    /// Allows writing the one thing of this name.
    pub fn write(resource: Resource, name: &str) -> Rule {
        Rule { resource, extent: Extent::Name(name.to_owned()), right: Right::Write }
    }

    /// Allows reading what this rule is about, and nothing else.
    #[must_use]
    pub fn reading(&self) -> Rule {
        Rule { right: Right::Read, ..self.clone() }
    }

    /// Allows reading the one thing of this name.
    pub fn read(resource: Resource, name: &str) -> Rule {
        Rule { resource, extent: Extent::Name(name.to_owned()), right: Right::Read }
    }

    /// Allows reading all things of this kind.
    pub fn read_all(resource: Resource) -> Rule {
        Rule { resource, extent: Extent::All, right: Right::Read }
    }
}

/// The word in a policy.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resource::Agent => "agent",
            Resource::Key => "key",
            Resource::Node => "node",
            Resource::Query => "query",
            Resource::Service => "service",
            Resource::Session => "session",
        })
    }
}

/// The rule in HCL, on one line.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource;
        let policy = match self.right {
            Right::Read => "read",
            Right::Write => "write",
        };
        match &self.extent {
            Extent::Name(name) => write!(f, "{resource} \"{name}\" {{ policy = \"{policy}\" }}"),
            Extent::All => write!(f, "{resource}_prefix \"\" {{ policy = \"{policy}\" }}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_as_in_a_policy() {
        for (rule, text) in [
            (Rule::write(Resource::Key, "service/x/leader"), "key \"service/x/leader\" { policy = \"write\" }"),
            (Rule::write(Resource::Session, "n1"), "session \"n1\" { policy = \"write\" }"),
            (Rule::read(Resource::Node, "n1"), "node \"n1\" { policy = \"read\" }"),
            (Rule::read_all(Resource::Agent), "agent_prefix \"\" { policy = \"read\" }"),
        ] {
            assert_eq!(rule.to_string(), text);
        }
    }
}

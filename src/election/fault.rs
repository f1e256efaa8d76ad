//! Why an election cannot work as configured, or a master is not what it says. Plain data; knows no command line and no lines.

use crate::bounds;
use crate::text;

/// Why the election cannot work as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The prepared query cannot be what it should be.
    Query(QueryFault),
    /// The catalog does not have the instance as its agent does; holds the service ID.
    NotInCatalog(String),
    /// The prepared query does not find the master, and nothing shows why.
    NotFound,
    /// The token may not see all other instances, and none of those that it sees is on the named node.
    OthersHidden,
    /// The holder of the lock key has other options than this instance.
    Contradiction(Box<Contradiction>),
    /// No instance on the named node may lead.
    NoCandidate {
        /// The node that was named.
        node: String,
        /// The nodes with an instance that may lead.
        present: Vec<String>,
    },
}

/// What the holder of the lock key says of its election that contradicts this instance's options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The lock key.
    pub key: String,
    /// The holder's node.
    pub node: String,
    /// What differs.
    pub what: Difference,
    /// The holder's value.
    pub theirs: String,
    /// This instance's value.
    pub ours: String,
}

/// An option that all instances of an election share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The prepared query's name.
    Query,
    /// The service.
    Service,
    /// The master tag.
    MasterTag,
}

/// Why the prepared query cannot be what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryFault {
    /// The name belongs to a template.
    Template,
    /// The name belongs to a query for this other service.
    OtherService(String),
    /// The query needs an update and has a token that Consul hides, so that an update would lose it.
    HiddenToken,
    /// The policy lets the query ask for this tag, or with `!` exclude it, and the instance contradicts that.
    TagMismatch(String),
}

impl Fault {
    /// Whether no later run can do better until somebody changes something. A master that its name does not find leads all the same.
    pub fn is_permanent(&self) -> bool {
        match self {
            Fault::Query(QueryFault::TagMismatch(_)) | Fault::NotInCatalog(_) | Fault::NotFound => false,
            Fault::Query(_) | Fault::OthersHidden | Fault::Contradiction(_) | Fault::NoCandidate { .. } => true,
        }
    }

    /// Says what is wrong in the election with this prepared query, without the remedy.
    pub fn words(&self, query: &str) -> String {
        match self {
            Fault::Query(fault) => format!("the prepared query {query} {}", fault.words()),
            Fault::NotInCatalog(id) => format!(
                "the prepared query {query} does not find this master: the catalog does not have instance {id} as its agent does"
            ),
            Fault::NotFound => {
                format!("the prepared query {query} does not find this master, although its tags and Meta are right")
            }
            Fault::OthersHidden => "this token does not show all other instances".to_owned(),
            Fault::Contradiction(contradiction) => contradiction.words(),
            Fault::NoCandidate { node, present } => {
                format!("no other instance on node {node} may lead now; candidates are on {}", names(present))
            }
        }
    }
}

impl QueryFault {
    fn words(&self) -> String {
        match self {
            QueryFault::Template => "is a template".to_owned(),
            QueryFault::OtherService(service) => format!("is for service {service}"),
            QueryFault::HiddenToken => "needs an update that would lose its token, which Consul hides".to_owned(),
            QueryFault::TagMismatch(tag) => match tag.strip_prefix('!') {
                None => format!("never finds this master: it asks for tag {tag}, which the instance lacks"),
                Some(tag) => format!("never finds this master: it excludes tag {tag}, which the instance has"),
            },
        }
    }
}

impl Contradiction {
    fn words(&self) -> String {
        let Contradiction { key, node, what, theirs, ours } = self;
        let what = match what {
            Difference::Query => "election",
            Difference::Service => "service",
            Difference::MasterTag => "master tag",
        };
        format!("the lock {key} is held by {node} for {what} {theirs}, and this instance has {what} {ours}")
    }
}

/// Names in a line.
pub fn names(names: &[String]) -> String {
    let (most, length) = bounds::NAMES;
    text::list(names, most, length)
}

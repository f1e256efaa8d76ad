//! What Consul answered about an election, part by part. Plain data.

use std::time::SystemTime;

use crate::consul::{Error, Found, Instances, Key, PreparedQuery, Remedy, Session};
use crate::dns::Target;
use crate::election::Names;

/// A part of the answer, or why it is missing.
pub type Part<T> = Result<T, Missing>;

/// Why a part is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// What was attempted and what came back. A denial ends with the ACL rule that is missing.
    pub words: String,
    /// The ACL rule that would allow it, if the words name one.
    pub rule: Option<Box<str>>,
    /// Whether there was no connection to the agent.
    pub is_unreached: bool,
    /// What came back; `None`: nothing was asked of Consul.
    pub fault: Option<Box<str>>,
    /// What the reader can do, unless the words say it.
    pub remedy: Option<Remedy>,
}

impl Missing {
    /// Returns why a part is missing that Consul was not asked for.
    pub fn because(words: impl Into<String>) -> Missing {
        Missing { words: words.into(), ..Missing::default() }
    }

    /// Returns it with the words for its remedy.
    #[must_use]
    pub fn explained(self, words_for: &WordsFor) -> Missing {
        match self.remedy.as_ref().and_then(words_for) {
            Some(remedy) => Missing { words: format!("{}; {remedy}", self.words), remedy: None, ..self },
            None => self,
        }
    }

    /// Whether the same fault kept another part from an answer. One that names a rule is a fault of its own.
    pub fn has_fault_of(&self, other: &Missing) -> bool {
        self.rule.is_none() && self.fault.is_some() && self.fault == other.fault
    }
}

/// Words for a remedy, which name options and so are made elsewhere.
pub type WordsFor = dyn Fn(&Remedy) -> Option<String>;

impl From<Error> for Missing {
    fn from(error: Error) -> Missing {
        // Nothing tries again by itself here.
        let remedy = Some(error.remedy()).filter(|remedy| !matches!(remedy, Remedy::Retry));
        // A request names the rule that an election needs. Whoever only looks needs less.
        let words = format!("{error:#}").replace(&error.rule.to_string(), &error.rule.reading().to_string());
        let attempt = format!("cannot {} at {}: ", error.purpose, error.agent);
        let fault = words.strip_prefix(&attempt).map(Box::from);
        let is_unreached = error.is_unreached();
        let names_rule = matches!(remedy, Some(Remedy::Grant(_) | Remedy::GiveToken(_) | Remedy::FillTokenFile(..)));
        let rule = names_rule.then(|| error.rule.reading().to_string().into());
        Missing { words, rule, is_unreached, fault, remedy }
    }
}

/// What Consul answered about an election.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The election.
    pub names: Names,
    /// The lock key.
    pub lock: Part<Option<Key>>,
    /// The session that holds it; `None`: nobody does, or the token may not read it.
    pub session: Option<Session>,
    /// The instances of the service.
    pub instances: Part<Instances>,
    /// What the prepared query finds.
    pub found: Part<Option<Found>>,
    /// The prepared query's definition.
    pub query: Part<Option<PreparedQuery>>,
    /// The election's name in DNS.
    pub dns_name: String,
    /// What that name leads to.
    pub dns: Part<Vec<Target>>,
    /// Why this is what a server last knew, and not what holds now: the servers have no leader.
    pub stale: Option<String>,
    /// When it was asked.
    pub now: SystemTime,
}

impl Asked {
    /// Returns it with the words for each remedy.
    #[must_use]
    pub fn explained(self, words_for: &WordsFor) -> Asked {
        Asked {
            lock: self.lock.map_err(|missing| missing.explained(words_for)),
            instances: self.instances.map_err(|missing| missing.explained(words_for)),
            found: self.found.map_err(|missing| missing.explained(words_for)),
            query: self.query.map_err(|missing| missing.explained(words_for)),
            ..self
        }
    }
}

//! An instance's tags and Meta, and this election's keys in Meta. Knows no roles.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::config::Names;
use crate::consul::{CatalogInstance, Registration};

/// What an election writes into a registration: all tags, in their order, and all of Meta.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The tags.
    pub tags: Vec<String>,
    /// Keys and values.
    pub meta: BTreeMap<String, String>,
}

impl From<&Registration> for Marks {
    fn from(registration: &Registration) -> Marks {
        Marks { tags: registration.tags(), meta: registration.meta() }
    }
}

impl From<CatalogInstance> for Marks {
    fn from(CatalogInstance { tags, meta, .. }: CatalogInstance) -> Marks {
        Marks { tags, meta }
    }
}

/// The longest name that fits a key: Consul takes 128 characters, and a longer name is shortened to a part and a hash.
const LONGEST_NAME: usize = 100;

/// This election's key in Meta. A character that Consul does not take in a key becomes `_`.
pub fn key(names: &Names, name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let query = &names.query;
    let mut short = Cow::from(query);
    if !query.chars().all(is_plain) {
        short = query.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    }
    if short.len() > LONGEST_NAME {
        let mut hasher = DefaultHasher::new();
        query.hash(&mut hasher);
        short = format!("{}-{:08x}", &short[..LONGEST_NAME - 9], hasher.finish() & 0xffff_ffff).into();
    }
    // A pass asks for keys many times.
    ["election-", &short, "-", name].concat()
}

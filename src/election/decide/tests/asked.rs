//! The cell of `table.txt` that says what was asked about the prepared query.

use serde_json::json;

use super::SESSION;
use crate::consul::{CatalogInstance, Found, PreparedQuery};
use crate::election::config::Policy;
use crate::election::model::{Answer, Entry, Instance};

/// What was asked about the query, in up to three words: what it finds, the definition, and the catalog's entry.
pub struct Asked {
    pub found: Answer<Option<Found>>,
    pub query: Answer<Option<PreparedQuery>>,
    pub entry: Answer<Entry>,
}

impl Asked {
    pub fn read(text: &str, mine: bool, instance: &Instance, policy: &Policy) -> Asked {
        let mut asked = Asked { found: Answer::NotAsked, query: Answer::NotAsked, entry: Answer::NotAsked };
        let own = || CatalogInstance {
            id: instance.identity.service_id.clone(),
            address: instance.registration.address().to_owned(),
            port: instance.registration.port(),
            tags: instance.marks.tags.clone(),
            meta: instance.marks.meta.clone(),
        };
        let old = || CatalogInstance { tags: vec!["slave".to_owned()], ..own() };
        let found = |found: Vec<(&str, CatalogInstance)>| {
            let instances = found.into_iter().map(|(node, entry)| (node.to_owned(), entry)).collect();
            Answer::Known(Some(Found { service: "redis".to_owned(), instances, ttl: "10s".to_owned(), failovers: 0 }))
        };
        for word in text.split_whitespace() {
            match word {
                "finds" => asked.found = found(vec![("n1", own())]),
                "finds-old" => asked.found = found(vec![("n1", old())]),
                "finds-n2" => asked.found = found(vec![("n2", own())]),
                "finds-both" => asked.found = found(vec![("n2", own()), ("n1", own())]),
                "finds-none" => asked.found = found(Vec::new()),
                "nobody-answers" => asked.found = Answer::Known(None),
                "finds-failed" => asked.found = Answer::Failed,
                "catalog:same" => asked.entry = Answer::Known(Entry::Known(own())),
                "catalog:old" => asked.entry = Answer::Known(Entry::Known(old())),
                "catalog:none" => asked.entry = Answer::Known(Entry::Missing),
                "catalog:hidden" => asked.entry = Answer::Known(Entry::Hidden),
                word => asked.query = read_query(word, mine, policy),
            }
        }
        asked
    }
}

fn read_query(text: &str, mine: bool, policy: &Policy) -> Answer<Option<PreparedQuery>> {
    let fence = policy.query.fence;
    let mut query = json!({
        "ID": "q", "Name": "redis-master", "Session": "", "Token": "", "Template": {"Type": ""},
        "Service": {"Service": "redis", "Tags": ["master"], "OnlyPassing": policy.only_passing && !fence, "ServiceMeta": null},
    });
    if mine && fence {
        query["Session"] = json!(SESSION);
        query["Service"]["ServiceMeta"] = json!({"election-redis-master-session": SESSION});
    }
    match text {
        "-" => return Answer::NotAsked,
        "unreadable" => return Answer::Failed,
        "missing" => return Answer::Known(None),
        "right" => {}
        "cased" => query["Name"] = json!("Redis-Master"),
        "no-tags" => query["Service"]["Tags"] = json!(null),
        "no-service" => query["Service"]["Service"] = json!(""),
        "only-passing" => query["Service"]["OnlyPassing"] = json!(true),
        "warning-too" => query["Service"]["OnlyPassing"] = json!(false),
        "plain" => {
            query["Session"] = json!("");
            query["Service"]["ServiceMeta"] = json!(null);
        }
        "fenced" => {
            query["Session"] = json!("old-session");
            query["Service"]["ServiceMeta"] = json!({"election-redis-master-session": "old-session", "rack": "b"});
        }
        "filtered" => query["Service"]["NodeMeta"] = json!({"rack": "b"}),
        "other" => query["Service"]["Service"] = json!("postgresql"),
        "secret" => query["Token"] = json!("<hidden>"),
        "secret-plain" => {
            query["Token"] = json!("<hidden>");
            query["Session"] = json!("");
            query["Service"]["ServiceMeta"] = json!(null);
        }
        "secret-old" => {
            query["Token"] = json!("<hidden>");
            query["Session"] = json!("old-session");
            query["Service"]["ServiceMeta"] = json!({"election-redis-master-session": "old-session"});
        }
        "taken" => query["Template"]["Type"] = json!("name_prefix_match"),
        "template" => {
            query["Name"] = json!("");
            query["Template"]["Type"] = json!("name_prefix_match");
        }
        other => panic!("{other}"),
    }
    Answer::Known(Some(serde_json::from_value(query).unwrap()))
}

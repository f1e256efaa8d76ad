//! The notation of `table.txt`: reads its cells, and writes a decision for comparison.

use serde_json::json;

use super::super::*;
use super::SESSION;
use crate::consul::{Check, PreparedQuery, QueryAnswer, Registration, Status};
use crate::election::config::Config;
use crate::election::describe::bound_ids;
use crate::election::eligibility::own_check;
use crate::election::identity::Identity;
use crate::election::marks::{self, Marks};
use crate::election::model::{Candidate, Done, Entry, Instance, Obstacle, Port};
use crate::election::outcome::{Caveat, QueryFault, Vacancy};
use crate::election::value::{Challenger, End, Failure, HandedTo, Holder, Notes, Sight, StandBack};
use crate::port::Target;

pub fn read_config(text: &str) -> Config {
    Config::typed(text)
}

pub fn read_view(lock: &str, checks: &str, tags: &str, query: &str, (names, policy): (&Names, &Policy)) -> View {
    let mut checks: Vec<Check> = checks.split_whitespace().map(read_check).collect();
    checks.sort_by(|a, b| a.id.cmp(&b.id));
    let mut words = lock.split_whitespace();
    let lock = words.next().unwrap();
    let marks = read_marks(tags, lock.starts_with("mine"), names, policy);
    let instance = Instance {
        identity: identity("n1", "redis-1"),
        node_address: None,
        registration: registration(),
        marks,
        checks,
    };
    let own = own_check(&instance, names).map(|check| check.id.clone()).or(Some("killed".to_owned()));
    let described = || holder(&instance, own.clone(), names, policy);
    let lock_state = match lock {
        "mine+" => mine(Some(described())),
        "mine++" => mine(Some(Holder { promoted: true, ..described() })),
        "mine" => mine(Some(Holder { port: 1, ..described() })),
        "mine-" => mine(Some(Holder { checks: vec!["gone".to_owned()], ..described() })),
        "mine*" => mine(None),
        "other" => Lock::Another(Leader {
            instance: Some(identity("n2", "redis-2")),
            session: "other-session".to_owned(),
            since: "2026-01-01T00:00:00.000Z".to_owned(),
            ..Leader::default()
        }),
        "unreadable" => Lock::Another(Leader { session: "other-session".to_owned(), ..Leader::default() }),
        "free" | "refused" => Lock::Free,
        "unknown" => Lock::Unknown,
        other => panic!("{other}"),
    };
    let asked = Asked::read(query, matches!(lock_state, Lock::Mine { .. }), &instance, policy);
    let done = Done { refused: lock == "refused", ..Done::default() };
    let mut view = View {
        instance,
        lock: lock_state,
        term: if lock == "free" { 0 } else { 7 },
        notes: Notes::default(),
        others: Answer::NotAsked,
        others_are_hidden: false,
        term_is_over: false,
        challenger_is_due: false,
        is_turn: asked.name.is_open(),
        name: asked.name,
        query: asked.query,
        entry: asked.entry,
        port: Answer::NotAsked,
        done,
    };
    for word in words {
        match word.split_once(':').unwrap_or((word, "")) {
            ("back", failure) => {
                let failure = (!failure.is_empty()).then(|| Failure { error: failure.to_owned(), for_good: false });
                view.notes = notes(None);
                view.notes.standing_back[0].failure = failure;
            }
            ("to", node) => view.notes = notes(Some(node)),
            ("later", _) => view.term = 7,
            ("over", _) => view.term_is_over = true,
            ("renewed", _) => view.done.renewed = true,
            ("rebound", _) => view.done.rebound = true,
            ("resent", _) => view.done.resent = true,
            ("looked", _) => view.done.looked_again = true,
            ("turn", _) => view.is_turn = true,
            ("no-turn", _) => view.is_turn = false,
            ("unread", _) => entry_of(&mut view).query.clear(),
            ("hidden", _) => entry_of(&mut view).name = Sight::Hidden,
            ("wrong", _) => entry_of(&mut view).name = Sight::Wrong,
            ("dead", _) => view.port = Answer::Known(Port::Refused(Target::Tcp("10.0.0.1".to_owned(), 6379))),
            ("nowhere", _) => view.port = Answer::Known(Port::Nowhere),
            ("open", _) => view.port = Answer::Known(Port::Open),
            ("port-failed", _) => view.port = Answer::Failed,
            ("others-hidden", _) => {
                view.others = Answer::Known(Vec::new());
                view.others_are_hidden = true;
            }
            ("alone", _) => view.others = Answer::Known(Vec::new()),
            ("saw-none", _) => entry_of(&mut view).others_are_hidden = true,
            ("others-failed", _) => view.others = Answer::Failed,
            ("failed", _) => view.done.hook_failed = true,
            ("due", _) => view.challenger_is_due = true,
            ("seen", other) => {
                let sighting = read_candidate(other).sighting();
                entry_of(&mut view).challenger = Some(Challenger { sighting, since: String::new() });
            }
            _ => {
                let mut others = view.others.known().cloned().unwrap_or_default();
                others.push(read_candidate(word));
                view.others = Answer::Known(others);
            }
        }
    }
    view
}

fn entry_of(view: &mut View) -> &mut Holder {
    let Lock::Mine { holder: Some(holder), .. } = &mut view.lock else { panic!("no entry") };
    holder
}

/// Tags, and with an equals sign keys of Meta; a master has its session there unless another is named.
fn read_marks(text: &str, mine: bool, names: &Names, policy: &Policy) -> Marks {
    let mut marks = Marks::default();
    for word in text.split_whitespace() {
        match word.split_once('=') {
            Some((key, value)) => {
                marks.meta.insert(format!("election-redis-master-{key}"), value.replace('_', " "));
            }
            None => marks.tags.push(word.to_owned()),
        }
    }
    if mine && marks.tags.iter().any(|tag| tag == "master") && policy.query.fence {
        marks.meta.entry(marks::session_key(names)).or_insert(SESSION.to_owned());
    }
    if let Some(priority) = policy.priority {
        marks.meta.insert(marks::priority_key(names), priority.to_string());
    }
    marks
}

/// `NODE:PRIORITY:p|w:INDEX`
fn read_candidate(text: &str) -> Candidate {
    let parts: Vec<&str> = text.split(':').collect();
    let [node, priority, state, index] = parts[..] else { panic!("{text}") };
    Candidate {
        instance: identity(node, "redis-2"),
        priority: priority.parse().unwrap(),
        is_passing: state == "p",
        checks_index: index.parse().unwrap(),
    }
}

pub fn notes(handed_to: Option<&str>) -> Notes {
    let end = End { until: "2026-01-01T00:00:00Z".to_owned(), seconds: 30 };
    let Some(node) = handed_to else {
        let entry = StandBack { instance: identity("n1", "redis-1"), end, failure: None, is_over: false };
        return Notes { standing_back: vec![entry], ..Notes::default() };
    };
    // On the node of the instance itself, n1, it is the instance; n1' is another one there.
    let service_id = if node == "n1" { "redis-1" } else { "redis-2" };
    let instance = identity(node.trim_end_matches('\''), service_id);
    Notes { handed_to: Some(HandedTo { instance, end }), ..Notes::default() }
}

fn identity(node: &str, service_id: &str) -> Identity {
    Identity { node: node.to_owned(), service_id: service_id.to_owned() }
}

fn registration() -> Registration {
    serde_json::from_value(json!({"ID": "redis-1", "Service": "redis", "Address": "10.0.0.1", "Port": 6379})).unwrap()
}

pub fn mine(holder: Option<Holder>) -> Lock {
    Lock::Mine { session: SESSION.to_owned(), holder }
}

pub fn holder(instance: &Instance, check_id: Option<String>, names: &Names, policy: &Policy) -> Holder {
    Holder {
        instance: instance.identity.clone(),
        address: "10.0.0.1".to_owned(),
        port: 6379,
        session: SESSION.to_owned(),
        election: "redis-master".to_owned(),
        since: "2026-01-01T00:00:00Z".to_owned(),
        checks: bound_ids(instance, check_id.as_deref(), names),
        ttl: policy.ttl.map_or(0, |ttl| ttl.as_secs()),
        check_id,
        promoted: false,
        others_are_hidden: false,
        query: query::fingerprint(names, policy),
        name: Sight::Right,
        challenger: None,
    }
}

fn read_check(text: &str) -> Check {
    let (id, status) = text.split_once(':').unwrap();
    let status = match status {
        "p" => Status::Passing,
        "w" => Status::Warning,
        _ => Status::Critical,
    };
    let id = match id {
        "maint" => "_service_maintenance:redis-1",
        "node-maint" => "_node_maintenance",
        id => id,
    };
    let output = match id {
        "own" => "election redis-master: slave of n2 (10.0.0.2:6379)\n",
        "rival" => "election another: error: cannot read key\n",
        _ => "",
    };
    Check {
        node: "n1".to_owned(),
        id: id.to_owned(),
        status,
        output: output.to_owned(),
        service_id: "redis-1".to_owned(),
    }
}

/// What was asked about the name, in up to three words: what it finds, the definition, and the catalog's entry.
struct Asked {
    name: Answer<Option<QueryAnswer>>,
    query: Answer<Option<PreparedQuery>>,
    entry: Answer<Entry>,
}

impl Asked {
    fn read(text: &str, mine: bool, instance: &Instance, policy: &Policy) -> Asked {
        let mut asked = Asked { name: Answer::NotAsked, query: Answer::NotAsked, entry: Answer::NotAsked };
        let own = || instance.registration.with(&instance.marks.tags, &instance.marks.meta);
        let old = || instance.registration.with(&["slave".to_owned()], &instance.marks.meta);
        let found = |found: Vec<(&str, Registration)>| {
            let found = found.into_iter().map(|(node, entry)| (node.to_owned(), entry)).collect();
            Answer::Known(Some(QueryAnswer { service: "redis".to_owned(), found, ttl: "10s".to_owned(), failovers: 0 }))
        };
        for word in text.split_whitespace() {
            match word {
                "finds" => asked.name = found(vec![("n1", own())]),
                "finds-old" => asked.name = found(vec![("n1", old())]),
                "finds-n2" => asked.name = found(vec![("n2", own())]),
                "finds-both" => asked.name = found(vec![("n2", own()), ("n1", own())]),
                "finds-none" => asked.name = found(Vec::new()),
                "nobody-answers" => asked.name = Answer::Known(None),
                "name-failed" => asked.name = Answer::Failed,
                "catalog:same" => asked.entry = Answer::Known(Entry::Found(own())),
                "catalog:old" => asked.entry = Answer::Known(Entry::Found(old())),
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
        "Service": {"Service": "redis", "Tags": ["master"], "OnlyPassing": !fence, "ServiceMeta": null},
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
        "only-passing" => query["Service"]["OnlyPassing"] = json!(fence),
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

pub fn show_role(decision: &Decision) -> String {
    let role = match &decision.role {
        None => "undecided".to_owned(),
        Some(Role::Master { caveat: None, .. }) => "master".to_owned(),
        Some(Role::Master { caveat: Some(Caveat::Filtered { filters, .. }), .. }) => {
            format!("master, but {}", filters.join(" "))
        }
        Some(Role::Master { caveat: Some(Caveat::NotFound { .. }), .. }) => "master, but not found".to_owned(),
        Some(Role::Master { caveat: Some(Caveat::OthersHidden), .. }) => "master, but sees no others".to_owned(),
        Some(Role::Master { caveat: Some(Caveat::Shared { nodes, .. }), .. }) => {
            format!("master, but also {}", nodes.join(" "))
        }
        Some(Role::SlaveOf(leader)) => format!("slave of {}", leader.node().unwrap_or("?")),
        Some(Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::InstanceInMaintenance))) => "slave: instance".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::NodeInMaintenance))) => "slave: node".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::Check { id, .. }))) => format!("slave: check {id}"),
        Some(Role::SlaveOfNone(Vacancy::LockDelay)) => "slave: lock-delay".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::NoPort(_))) => "slave: no port".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::NothingListens(_))) => "slave: dead".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::NeverLeads)) => "slave: priority".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::StandsBack(None))) => "slave: back".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::StandsBack(Some(failure)))) => format!("slave: {}", failure.error),
        Some(Role::SlaveOfNone(Vacancy::NothingToResign)) => "slave: nothing to resign".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::HandedTo(node))) => format!("slave: handed to {node}"),
        Some(Role::SlaveOfNone(Vacancy::Yields(node))) => format!("slave: yields to {node}"),
        Some(Role::SlaveOfNone(Vacancy::YieldsInWarning(node))) => format!("slave: in warning, yields to {node}"),
    };
    match &decision.fault {
        None => role,
        Some(Fault::Query(QueryFault::Template)) => role + ", template",
        Some(Fault::Query(QueryFault::OtherService(_))) => role + ", other service",
        Some(Fault::Query(QueryFault::HiddenToken)) => role + ", hidden token",
        Some(Fault::Query(QueryFault::TagMismatch(tag))) => format!("{role}, tag {tag}"),
        Some(Fault::NotInCatalog(_)) => role + ", not in catalog",
        Some(Fault::NotFound) => role + ", not found",
        Some(Fault::OthersHidden) => role + ", others hidden",
        Some(Fault::NoCandidate { .. }) => role + ", no candidate",
    }
}

pub fn show_actions(actions: &[Action], names: &Names) -> String {
    let mut shown: Vec<String> = Vec::new();
    for action in actions {
        let role = |marks: &Marks| if marks::say_master(marks, names) { "master" } else { "slave" };
        let word = match action {
            Action::Mark(marks) => format!("mark {}", role(marks)),
            Action::ConfirmMarks(marks) => {
                if shown.last() == Some(&format!("mark {}", role(marks))) {
                    shown.pop();
                    role(marks).to_owned()
                } else {
                    format!("confirm {}", role(marks))
                }
            }
            Action::Resend(_) => "resend".to_owned(),
            Action::LookAgain => "look again".to_owned(),
            Action::Acquire { behind: 0 } => "acquire".to_owned(),
            Action::Acquire { behind } => format!("acquire behind {behind}"),
            Action::Promote { .. } => "promote".to_owned(),
            Action::Hook(hook) => format!("{hook:?}").to_lowercase(),
            Action::Describe { .. } => "describe".to_owned(),
            Action::HandOver { how, .. } => format!("hand over to {}", how.to.as_ref().map_or("any", |to| &to.node)),
            Action::Renew { .. } => "renew".to_owned(),
            Action::Rebind { .. } => "rebind".to_owned(),
            Action::Sweep => "sweep".to_owned(),
            Action::Release { .. } => "release".to_owned(),
            Action::CreateQuery(_) => "create query".to_owned(),
            Action::UpdateQuery(_) => "update query".to_owned(),
        };
        shown.push(word);
    }
    shown.join(", ")
}

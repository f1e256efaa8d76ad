//! The notation of `table.txt`: reads its cells, and writes a decision for comparison.

use serde_json::json;

use super::super::own_mark::own_mark;
use super::super::*;
use super::SESSION;
use super::asked::Asked;
use crate::consul::{Check, Registration, Status};
use crate::election::clock::End;
use crate::election::config::Config;
use crate::election::describe::bound_ids;
use crate::election::eligibility::own_check;
use crate::election::entries::{Alone, Entries, Entry};
use crate::election::fault::{Contradiction, Difference, QueryFault};
use crate::election::history::Unread;
use crate::election::identity::Identity;
use crate::election::marks::{self, Mark, Marks};
use crate::election::model::{Answer, Candidate, Done, Instance, Port};
use crate::election::obstacle::Obstacle;
use crate::election::outcome::{Caveat, Split, Vacancy};
use crate::election::successors::Successors;
use crate::election::value::{Challenger, Failure, HandedTo, Holder, Notes, Sight, StandBack};
use crate::port::{Target, Unclear};

/// The beginning of the present term.
const SINCE: &str = "2026-01-01T00:00:00Z";

pub fn read_config(text: &str) -> Config {
    Config::typed(text)
}

#[allow(clippy::too_many_lines, reason = "one arm for each word of the notation")]
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
        mark: Mark::of(&marks, names),
        marks,
        checks,
        leftover: None,
    };
    let own = own_check(&instance, None, names).map(|check| check.id.clone()).or(Some("killed".to_owned()));
    let described = || holder(&instance, own.clone(), names, policy);
    let lock_state = match lock {
        "mine+" => mine(Some(described())),
        "mine++" => mine(Some(Holder { promoted: true, ..described() })),
        "mine" => mine(Some(Holder { port: 1, ..described() })),
        "mine-" => mine(Some(Holder { checks: vec!["gone".to_owned()], ..described() })),
        "mine~" => mine(Some(Holder { checks: vec!["ping".to_owned()], ..described() })),
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
    let done = Done { refused: lock == "refused", ..Done::default() };
    let mut is_blind = false;
    let mut view = View {
        instance,
        lock: lock_state,
        term: if lock == "free" { 0 } else { 7 },
        notes: Notes::default(),
        others: Answer::NotAsked,
        split: None,
        entries: Entries::default(),
        written: Vec::new(),
        vacated: None,
        contradiction: None,
        idle: None,
        now: None,
        others_are_hidden: false,
        options: names.fingerprint(policy),
        term_is_over: false,
        challenger_is_due: false,
        is_spot_check: false,
        lost_check: None,
        leaves_to_named: false,
        saw_named_only: false,
        looks_at_named: false,
        found: Answer::NotAsked,
        query: Answer::NotAsked,
        entry: Answer::NotAsked,
        port: Answer::NotAsked,
        done,
    };
    let mut spot_check = None;
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
            ("spot", _) => spot_check = Some(true),
            ("steady", _) => spot_check = Some(false),
            ("sightless", _) => entry_of(&mut view).sight = Sight::Hidden,
            ("wrong", _) => entry_of(&mut view).sight = Sight::Wrong,
            ("dead", _) => view.port = Answer::Known(Port::Refused(port())),
            ("nowhere", _) => view.port = Answer::Known(Port::Nowhere),
            ("split", _) => {
                let (key, own_key) = ("service/other/leader".to_owned(), names.lock_key.clone());
                view.split = Some(Split { node: "n2".to_owned(), key, own_key });
            }
            ("contradicts", _) => {
                view.contradiction = Some(Contradiction {
                    key: names.lock_key.clone(),
                    node: "n2".to_owned(),
                    what: Difference::MasterTag,
                    theirs: "primary".to_owned(),
                    ours: names.master_tag.clone(),
                });
            }
            ("unclear", _) => view.port = Answer::Known(Port::Unclear(port(), Unclear::NoAnswer)),
            ("open", _) => view.port = Answer::Known(Port::Open),
            ("port-failed", _) => view.port = Answer::Failed,
            ("others-hidden", _) => {
                view.others = Answer::Known(Vec::new());
                view.others_are_hidden = true;
            }
            ("alone", _) => view.others = Answer::Known(Vec::new()),
            ("saw-none", _) => entry_of(&mut view).others_are_hidden = true,
            ("others-failed", _) => view.others = Answer::Failed,
            ("acquired", _) => view.done.acquired = true,
            ("tried", _) => view.done.query_tried = true,
            ("left", _) => view.done.left = true,
            ("failed", _) => view.done.hook_failed = true,
            ("ran", "promote") => view.done.memory.promoted(SINCE),
            ("ran", "demote") => view.done.memory.ran_slave_hook("demoted".to_owned()),
            ("ran", _) => {
                let Lock::Another(leader) = &view.lock else { panic!("{word}") };
                view.done.memory.ran_slave_hook(marks::note_of(SlaveHook::Follow, Some(leader)));
            }
            ("entry", _) => view.entries.own = Some(entry("n1", &view.instance.marks)),
            ("blind", _) => is_blind = true,
            ("tagged", node) => view.entries.masters.push(entry(node, &Marks::default())),
            ("odd", node) => view.entries.masters.push(Entry { is_whole: false, ..entry(node, &Marks::default()) }),
            ("hidden", node) => view.entries.hidden = Some(identity(node, "redis-2")),
            ("contested", _) => view.done.contests = 3,
            ("denied", _) => view.done.alone = Some(Alone::Refused("denied".to_owned())),
            ("marked", _) => view.done.marked = true,
            ("idle", node) => view.idle = Some(identity(node, "redis-2")),
            ("now", _) => view.now = Some(SINCE.to_owned()),
            ("many", nodes) => {
                let next = nodes.split(',').filter(|node| !node.is_empty());
                let next = next.map(|node| identity(node, if node == "n1" { "redis-1" } else { "redis-2" })).collect();
                view.notes.successors = Successors { candidates: 20, next };
            }
            ("removed", id) => view.lost_check = Some(id.to_owned()),
            ("early", _) => view.leaves_to_named = true,
            ("named-only", _) => view.saw_named_only = true,
            ("looks", _) => view.looks_at_named = true,
            ("crowd", _) => {
                let crowd = (10..30).map(|number| read_candidate(&format!("n{number}:100:p:5")));
                view.others = Answer::Known(crowd.collect());
            }
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
    if !tags.contains("unmarked") && !tags.is_empty() {
        let mut mark = own_mark(&view, names, policy);
        mark.priority = policy.priority;
        mark.port_is_closed = tags.split_whitespace().any(|word| word == "closed");
        mark.yields = None;
        if let Some(priority) = tags.split_whitespace().find_map(|word| word.strip_prefix("priority=")) {
            mark.priority = priority.parse().ok();
        }
        if let Some(options) = tags.split_whitespace().find_map(|word| word.strip_prefix("options=")) {
            options.clone_into(&mut mark.options);
        }
        let text = serde_json::to_string(&mark).unwrap();
        let mut marks = view.instance.marks.clone();
        marks.meta.insert("election-redis-master-mark".to_owned(), text);
        view.instance = view.instance.clone().with_marks(marks, names);
        if let Some(own) = view.entries.own.take() {
            view.entries.own = Some(Entry {
                registration: own.registration.with(&view.instance.marks.tags, &view.instance.marks.meta),
                ..own
            });
        }
    }
    if view.others.known().is_some() && !is_blind {
        // An entry that is not as the agent has it, unless the scenario says so.
        view.entries.own.get_or_insert_with(|| entry("n1", &Marks::default()));
    }
    let asked = Asked::read(query, matches!(view.lock, Lock::Mine { .. }), &view.instance, policy);
    view.is_spot_check = spot_check.unwrap_or(asked.found.is_open());
    View { found: asked.found, query: asked.query, entry: asked.entry, ..view }
}

fn entry_of(view: &mut View) -> &mut Holder {
    let Lock::Mine { holder: Some(holder), .. } = &mut view.lock else { panic!("no entry") };
    holder
}

/// The catalog entry of the instance on a node.
fn entry(node: &str, marks: &Marks) -> Entry {
    let instance = identity(node, if node == "n1" { "redis-1" } else { "redis-2" });
    Entry { instance, registration: registration().with(&marks.tags, &marks.meta), is_whole: true, may_change: true }
}

fn show_named(successors: &Successors) -> String {
    let nodes: Vec<&str> = successors.next.iter().map(|one| one.node.as_str()).collect();
    if successors.is_empty() { String::new() } else { format!(" naming {}", nodes.join("+")) }
}

fn show_takeover(behind: usize, takeover: &Takeover) -> String {
    let mut words = vec!["acquire".to_owned()];
    if behind > 0 {
        words.push(format!("behind {behind}"));
    }
    words.extend(takeover.from.iter().map(|from| format!("from {}", from.node)));
    if takeover.mark.is_some() {
        words.push("as master".to_owned());
    }
    words.extend(takeover.then_from.iter().map(|from| format!("then from {}", from.node)));
    words.extend(takeover.alone.as_ref().map(|_| "alone".to_owned()));
    words.join(" ")
}

/// Tags, and with an equals sign keys of Meta; a master has its session there unless another is named.
fn read_marks(text: &str, mine: bool, names: &Names, policy: &Policy) -> Marks {
    let mut marks = Marks::default();
    for word in text.split_whitespace() {
        match word.split_once('=') {
            Some(("priority" | "options", _)) => {}
            None if word == "unmarked" || word == "closed" => {}
            Some((key, value)) => {
                let value = if value == "now" { SINCE.to_owned() } else { value.replace('_', " ") };
                marks.meta.insert(format!("election-redis-master-{key}"), value);
            }
            None => marks.tags.push(word.to_owned()),
        }
    }
    if mine && marks.tags.iter().any(|tag| tag == "master") && policy.query.fence {
        marks.meta.entry(marks::session_key(names)).or_insert(SESSION.to_owned());
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
    Notes { handed_to: Some(HandedTo { instance, end, is_over: false }), ..Notes::default() }
}

fn identity(node: &str, service_id: &str) -> Identity {
    Identity { node: node.to_owned(), service_id: service_id.to_owned() }
}

fn port() -> Target {
    Target::Tcp("10.0.0.1".to_owned(), 6379)
}

fn registration() -> Registration {
    serde_json::from_value(json!({"ID": "redis-1", "Service": "redis", "Address": "10.0.0.1", "Port": 6379})).unwrap()
}

pub fn mine(holder: Option<Holder>) -> Lock {
    Lock::Mine { session: SESSION.to_owned(), holder }
}

pub fn holder(instance: &Instance, check_id: Option<String>, names: &Names, policy: &Policy) -> Holder {
    let holder = Holder {
        instance: instance.identity.clone(),
        address: "10.0.0.1".to_owned(),
        port: 6379,
        session: SESSION.to_owned(),
        election: "redis-master".to_owned(),
        service: "redis".to_owned(),
        tag: "master".to_owned(),
        since: "2026-01-01T00:00:00Z".to_owned(),
        checks: Vec::new(),
        ttl: policy.ttl.map_or(0, |ttl| ttl.as_secs()),
        check_id,
        promoted: false,
        others_are_hidden: false,
        sight: Sight::Found,
        alone: None,
        challenger: None,
        history: Unread,
    };
    Holder { checks: bound_ids(instance, Some(&holder), names, policy), ..holder }
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
        "nameless" => "election: error: --consul-service-name is missing; name the service\n",
        "killed" => "Timed out (30s) running check",
        "zdown" => "connection refused",
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

pub fn show_role(decision: &Decision, view: &View, names: &Names, policy: &Policy) -> String {
    let is_last =
        decision.fault.is_none() && decision.actions.iter().all(|action| matches!(action, Action::Describe { .. }));
    let role = match &decision.role {
        None => "undecided".to_owned(),
        Some(role @ Role::Master { .. }) => match caveat(view, role, names, policy).filter(|_| is_last) {
            None => "master".to_owned(),
            Some(caveat) => format!("master, but {}", show_caveat(&caveat)),
        },
        Some(Role::SlaveOf(leader)) => format!("slave of {}", leader.node().unwrap_or("?")),
        Some(Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::InstanceInMaintenance))) => "slave: instance".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::NodeInMaintenance))) => "slave: node".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::Check { id, .. }))) => format!("slave: check {id}"),
        Some(Role::SlaveOfNone(Vacancy::Split(split))) => format!("slave: split from {}", split.node),
        Some(Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::SilentCheck(id)))) => format!("slave: silent {id}"),
        Some(Role::SlaveOfNone(Vacancy::LockDelay)) => "slave: lock-delay".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::CheckRemoved(id))) => format!("slave: {id} removed"),
        Some(Role::SlaveOfNone(Vacancy::NoPort(_))) => "slave: no port".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::NothingListens(_))) => "slave: dead".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::NeverLeads)) => "slave: priority".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::StandsBack(None))) => "slave: back".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::StandsBack(Some(failure)))) => format!("slave: {}", failure.error),
        Some(Role::SlaveOfNone(Vacancy::NothingToResign)) => "slave: nothing to resign".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::HandedTo(node))) => format!("slave: handed to {node}"),
        Some(Role::SlaveOfNone(Vacancy::Yields(node))) => format!("slave: yields to {node}"),
        Some(Role::SlaveOfNone(Vacancy::NotNamed(first))) => {
            format!("slave: left to {}", first.as_deref().unwrap_or("a few"))
        }
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
        Some(Fault::Contradiction(_)) => role + ", contradiction",
    }
}

fn show_caveat(caveat: &Caveat) -> String {
    match caveat {
        Caveat::Filtered { filters, .. } => filters.join(" "),
        Caveat::NotFound { .. } => "not found".to_owned(),
        Caveat::Shared { nodes, .. } => format!("also {}", nodes.join(" ")),
        Caveat::OthersHidden => "sees no others".to_owned(),
        Caveat::NotWatched { .. } => "not watched".to_owned(),
        Caveat::OwnMachine(address) => format!("at {address}"),
        Caveat::Leftover(id) => format!("beside {id}"),
        Caveat::NoHealthCheck => "no health check".to_owned(),
    }
}

pub fn show_actions(actions: &[Action], names: &Names) -> String {
    let mut shown: Vec<String> = Vec::new();
    for action in actions {
        let role = |marks: &Marks| if marks::say_master(marks, names) { "master" } else { "slave" };
        let word = match action {
            Action::Mark(marks) => format!("mark {}", role(marks)),
            Action::Leave(_) => "leave".to_owned(),
            Action::ConfirmMarks(_) if shown.last().is_some_and(|last| last == "leave") => continue,
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
            Action::Acquire { behind, successors, takeover } => {
                show_takeover(*behind, takeover) + &show_named(successors)
            }
            Action::NameSuccessors { successors, .. } => format!("name{}", show_named(successors)),
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

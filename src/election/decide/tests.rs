//! Holds the decision against `table.txt`, row by row, and tries what must hold for every view.

use std::ffi::OsString;

use serde_json::json;

use super::*;
use crate::consul::{Check, Registration, Status};
use crate::options::Command;

const TABLE: &str = include_str!("table.txt");
const SESSION: &str = "9a1a3d22-0000-0000-0000-000000000001";

#[test]
fn every_row_of_the_table_holds() {
    let mut rows = 0;
    for line in TABLE.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [lock, checks, tags, query, options, role, actions] = cells[..] else { panic!("seven cells: {line}") };
        let options = read_options(options);
        let view = read_view(lock, checks, tags, query, &options);
        let decision = decide(&view, &options);
        let seen = (show_role(&decision), show_actions(&decision.actions, &options));
        assert_eq!(seen, (role.to_owned(), actions.to_owned()), "{line}");
        assert_eq!(needs_query(&view, &options), query != "-", "whether the query is asked for: {line}");
        rows += 1;
    }
    assert!(rows > 60, "the table was read: {rows} rows");
}

#[test]
fn only_the_holder_of_the_lock_is_ever_tagged_master_and_tags_never_go_after_the_lock() {
    for_every_view(|view, options| {
        let decision = decide(view, options);
        let master = tags::of_master(&view.instance.tags, options);
        let mine = matches!(view.lock, Lock::Mine { .. });
        let tagged_master = decision.actions.contains(&Action::Tag(master));
        let called_master = matches!(decision.role, Some(Role::Master { .. }));
        assert!(mine || !(tagged_master || called_master), "{view:?}");
        let release = decision.actions.iter().position(|action| matches!(action, Action::Release { .. }));
        let tag = decision.actions.iter().rposition(|action| matches!(action, Action::Tag(_)));
        assert!(release.is_none_or(|release| tag.is_none_or(|tag| tag < release)), "{view:?}");
    });
}

#[test]
fn what_a_decision_asks_for_leads_to_a_state_in_which_nothing_is_left_to_do() {
    for_every_view(|view, options| {
        let mut view = view.clone();
        for _ in 0..4 {
            let decision = decide(&view, options);
            if decision.actions.is_empty() || matches!(view.lock, Lock::Unknown) {
                return;
            }
            for action in decision.actions {
                carry_out(&mut view, action);
            }
        }
        panic!("not settled: {view:?}");
    });
}

/// What Consul would make of an action, as far as the view shows it; a campaign is won.
fn carry_out(view: &mut View, action: Action) {
    match action {
        Action::Tag(tags) => view.instance.tags = tags,
        Action::ConfirmTags(_) => {}
        Action::Campaign => view.lock = mine(Some(holder(&view.instance, None))),
        Action::Describe { .. } | Action::Rebind { .. } => {
            let own = own_check(&view.instance, &read_options("")).map(|check| check.id.clone());
            view.lock = mine(Some(holder(&view.instance, own)));
        }
        Action::Release { .. } => view.lock = Lock::Free,
        Action::CreateQuery(query) | Action::UpdateQuery(query) => view.query = Query::Found(query),
    }
}

fn for_every_view(hold: impl Fn(&View, &Options)) {
    for options in ["", "--tolerate-warning", "--on-outage demote"].map(read_options) {
        for lock in ["mine", "mine+", "mine*", "other", "free", "refused", "unknown"] {
            for checks in ["", "ping:p own:p", "ping:w own:p", "ping:c own:p", "ping:p new:c", "ping:p maint:c"] {
                for tags in ["", "master", "slave", "a master slave b", "Master"] {
                    for query in ["right", "missing", "template", "no-tags", "other", "taken", "-"] {
                        hold(&read_view(lock, checks, tags, query, &options), &options);
                    }
                }
            }
        }
    }
}

#[test]
fn a_session_is_bound_to_every_check_but_the_elections_own() {
    let options = read_options("");
    let view = read_view("free", "ping:p own:p new:p rival:p", "", "-", &options);
    assert_eq!(bound_checks(&view.instance, None, &options), ["new", "ping", "rival"]);
}

#[test]
fn the_own_check_is_known_by_any_line_of_its_output() {
    let options = read_options("");
    let mut view = read_view("free", "x:c", "", "-", &options);
    for (output, own) in [
        ("election redis-master: slave of n2", true),
        ("election redis-master: warning: x\nelection redis-master: slave of n2", true),
        ("Captured 4096 of 9000 bytes\n...\nead of this\nelection redis-master: slave of n2", true),
        ("election redis-other: slave of n2", false),
        ("election redis-master2: slave of n2", false),
        ("the election redis-master: slave of n2", false),
        ("", false),
    ] {
        view.instance.checks[0].output = output.to_owned();
        assert_eq!(own_check(&view.instance, &options).is_some(), own, "{output}");
    }
}

fn read_options(text: &str) -> Options {
    let arguments = ["--consul-service-name", "redis"].into_iter().chain(text.split_whitespace()).map(OsString::from);
    match Command::read(arguments, |_| None) {
        Ok(Command::Pass(options)) => *options,
        other => panic!("{other:?}"),
    }
}

fn read_view(lock: &str, checks: &str, tags: &str, query: &str, options: &Options) -> View {
    let mut checks: Vec<Check> = checks.split_whitespace().map(read_check).collect();
    checks.sort_by(|a, b| a.id.cmp(&b.id));
    let instance = Instance {
        node: "n1".to_owned(),
        registration: registration(),
        tags: tags.split_whitespace().map(str::to_owned).collect(),
        checks,
    };
    let own = own_check(&instance, options).map(|check| check.id.clone()).or(Some("killed".to_owned()));
    let lock_state = match lock {
        "mine+" => mine(Some(holder(&instance, own))),
        "mine" => mine(Some(Holder { port: 1, ..holder(&instance, own) })),
        "mine-" => mine(Some(Holder { checks: vec!["gone".to_owned()], ..holder(&instance, own) })),
        "mine*" => mine(None),
        "other" => Lock::Another(Leader { node: Some("n2".to_owned()), ..Leader::default() }),
        "free" | "refused" => Lock::Free,
        "unknown" => Lock::Unknown,
        other => panic!("{other}"),
    };
    View { instance, lock: lock_state, query: read_query(query), refused: lock == "refused" }
}

fn registration() -> Registration {
    serde_json::from_value(json!({"ID": "redis-1", "Service": "redis", "Address": "10.0.0.1", "Port": 6379})).unwrap()
}

fn mine(holder: Option<Holder>) -> Lock {
    Lock::Mine { session: SESSION.to_owned(), term: 7, holder }
}

fn holder(instance: &Instance, check_id: Option<String>) -> Holder {
    Holder {
        node: instance.node.clone(),
        service_id: "redis-1".to_owned(),
        address: "10.0.0.1".to_owned(),
        port: 6379,
        session: SESSION.to_owned(),
        election: "redis-master".to_owned(),
        since: "2026-01-01T00:00:00Z".to_owned(),
        checks: bound_checks(instance, check_id.as_deref(), &read_options("")),
        check_id,
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

fn read_query(text: &str) -> Query {
    let mut query = json!({
        "ID": "q", "Name": "redis-master", "Token": "", "Template": {"Type": ""},
        "Service": {"Service": "redis", "Tags": ["master"], "OnlyPassing": true},
    });
    match text {
        "-" => return Query::NotAsked,
        "unreadable" => return Query::Unreadable,
        "missing" => return Query::Missing,
        "right" => {}
        "cased" => query["Name"] = json!("Redis-Master"),
        "no-tags" => query["Service"]["Tags"] = json!(null),
        "no-service" => query["Service"]["Service"] = json!(""),
        "warning-too" => query["Service"]["OnlyPassing"] = json!(false),
        "other" => query["Service"]["Service"] = json!("postgresql"),
        "secret" => query["Token"] = json!("<hidden>"),
        "taken" => query["Template"]["Type"] = json!("name_prefix_match"),
        "template" => {
            query["Name"] = json!("");
            query["Template"]["Type"] = json!("name_prefix_match");
        }
        other => panic!("{other}"),
    }
    Query::Found(serde_json::from_value(query).unwrap())
}

fn show_role(decision: &Decision) -> String {
    let role = match &decision.role {
        None => "undecided".to_owned(),
        Some(Role::Master { .. }) => "master".to_owned(),
        Some(Role::SlaveOf(leader)) => format!("slave of {}", leader.node.as_deref().unwrap_or("?")),
        Some(Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::InstanceInMaintenance))) => "slave: instance".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::NodeInMaintenance))) => "slave: node".to_owned(),
        Some(Role::SlaveOfNone(Vacancy::NotEligible(Obstacle::Check { id, .. }))) => format!("slave: check {id}"),
        Some(Role::SlaveOfNone(Vacancy::LockDelay)) => "slave: lock-delay".to_owned(),
    };
    match &decision.fault {
        None => role,
        Some(QueryFault::Template) => role + ", template",
        Some(QueryFault::OtherService(_)) => role + ", other service",
        Some(QueryFault::HiddenToken) => role + ", hidden token",
    }
}

fn show_actions(actions: &[Action], options: &Options) -> String {
    let mut shown: Vec<String> = Vec::new();
    for action in actions {
        let word = match action {
            Action::Tag(tags) if tags.contains(&options.master_tag) => "tag master",
            Action::Tag(_) => "tag slave",
            Action::ConfirmTags(tags) => {
                // Confirmed is what was set just before.
                let role = if tags.contains(&options.master_tag) { "master" } else { "slave" };
                assert_eq!(shown.pop(), Some(format!("tag {role}")));
                role
            }
            Action::Campaign => "campaign",
            Action::Describe { .. } => "describe",
            Action::Rebind { .. } => "rebind",
            Action::Release { .. } => "release",
            Action::CreateQuery(_) => "create query",
            Action::UpdateQuery(_) => "update query",
        };
        shown.push(word.to_owned());
    }
    shown.join(", ")
}

//! Holds the decision against `table.txt`, row by row, and tries what must hold for every view.

mod notation;

use std::fmt::Write;

use super::*;
use crate::election::eligibility::{bound_checks, own_check};
use crate::election::value::Challenger;
use notation::{holder, mine, notes, read_options, read_view, show_actions, show_role};

const TABLE: &str = include_str!("../table.txt");
const SESSION: &str = "9a1a3d22-0000-0000-0000-000000000001";

#[test]
fn every_row_of_the_table_holds() {
    let mut rows = 0;
    let mut wrong = String::new();
    for line in TABLE.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [lock, checks, tags, query, options, role, actions] = cells[..] else { panic!("seven cells: {line}") };
        let options = read_options(options);
        let view = read_view(lock, checks, tags, query, &options);
        let decision = decide(&view, &options);
        let seen = (show_role(&decision), show_actions(&decision.actions, &options));
        if seen != (role.to_owned(), actions.to_owned()) || needs_query(&view, &options) == (query == "-") {
            writeln!(wrong, "{line}\n  {seen:?}, the query is asked for: {}", needs_query(&view, &options)).unwrap();
        }
        rows += 1;
    }
    assert!(rows > 90, "the table was read: {rows} rows");
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn only_the_holder_of_the_lock_is_ever_tagged_master_and_tags_never_go_after_the_lock() {
    for_every_view(|view, options| {
        let decision = decide(view, options);
        let mine = matches!(view.lock, Lock::Mine { .. });
        let is_master = |action: &Action| matches!(action, Action::Mark(marks) if marks::say_master(marks, options) && marks.tags != view.instance.marks.tags);
        let tagged_master = decision.actions.iter().any(is_master);
        let called_master = matches!(decision.role, Some(Role::Master { .. }));
        assert!(mine || !(tagged_master || called_master), "{view:?}");
        let release = decision.actions.iter().position(|action| matches!(action, Action::Release { .. }));
        let tag = decision.actions.iter().rposition(|action| matches!(action, Action::Mark(_)));
        assert!(release.is_none_or(|release| tag.is_none_or(|tag| tag < release)), "{view:?}");
    });
}

#[test]
fn what_a_decision_asks_for_leads_to_a_state_in_which_nothing_is_left_to_do() {
    for_every_view(|view, options| {
        let mut view = view.clone();
        for _ in 0..9 {
            let decision = decide(&view, options);
            if decision.actions.is_empty() || matches!(view.lock, Lock::Unknown) {
                return;
            }
            for action in decision.actions {
                carry_out(&mut view, action, options);
            }
        }
        panic!("not settled: {view:?}");
    });
}

/// What Consul would make of an action, as far as the view shows it; a campaign is won.
fn carry_out(view: &mut View, action: Action, options: &Options) {
    let own = || own_check(&view.instance, options).map(|check| check.id.clone());
    let described = |standing: &Standing, check_id| {
        let challenger = standing.challenger.clone();
        let challenger = challenger.map(|(node, service_id, checks_index)| Challenger {
            node,
            service_id,
            checks_index,
            since: String::new(),
        });
        mine(Some(Holder { promoted: standing.promoted, challenger, ..holder(&view.instance, check_id, options) }))
    };
    match action {
        Action::Mark(marks) => view.instance.marks = marks,
        Action::ConfirmMarks(_) | Action::Promote { .. } | Action::Hook(_) => {}
        Action::Renew { .. } => view.done.renewed = true,
        Action::Sweep => view.done.rebound = false,
        Action::Campaign { .. } => view.lock = described(&Standing::default(), None),
        Action::Describe { standing, .. } => view.lock = described(&standing, own()),
        Action::Rebind { holder, .. } => {
            let promoted = holder.is_some_and(|holder| holder.promoted);
            view.lock = described(&Standing { promoted, challenger: None }, own());
            view.done.rebound = true;
        }
        Action::HandOver { how, .. } => view.notes = notes(how.to.as_ref().map(|(node, _)| node.as_str())),
        Action::Release { .. } => view.lock = Lock::Free,
        Action::CreateQuery(query) | Action::UpdateQuery(query) => view.query = Query::Found(query),
    }
}

fn for_every_view(hold: impl Fn(&View, &Options)) {
    let hooks = "--on-promote true --on-demote true --on-follow true";
    let all = ["", "--no-fence", "--tolerate-warning", "--on-outage demote", hooks, "--preempt --priority 7 --ttl 10s"];
    for options in all.map(read_options) {
        for lock in [
            "mine",
            "mine+",
            "mine-",
            "mine*",
            "mine+ back",
            "mine+ due n2:200:p:7",
            "mine+ over n2:9:p:7",
            "other",
            "free",
            "free back",
            "free to:n2",
            "free n2:200:p:7",
            "refused",
            "unknown",
        ] {
            for checks in ["", "ping:p own:p", "ping:w own:p", "ping:c own:p", "ping:p new:c", "ping:p maint:c"] {
                for tags in ["", "master", "slave", "a master slave b", "Master session=old", "slave hook=demoted"] {
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

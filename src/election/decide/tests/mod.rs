//! Holds the decision against `table.txt`, row by row, and tries what must hold for every view.

mod notation;

use std::fmt::Write;

use super::question::{needs_entry, needs_name, needs_query};
use super::*;
use crate::election::config::Config;
use crate::election::describe::{Description, bound_ids};
use crate::election::eligibility::own_check;
use crate::election::value::{Challenger, Holder};
use notation::{holder, mine, notes, read_config, read_view, show_actions, show_role};

const TABLE: &str = include_str!("../table.txt");
const SESSION: &str = "9a1a3d22-0000-0000-0000-000000000001";

#[test]
fn every_row_of_the_table_holds() {
    let mut rows = 0;
    let mut wrong = String::new();
    for line in TABLE.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [lock, checks, tags, query, options, role, actions] = cells[..] else { panic!("seven cells: {line}") };
        let Config { names, policy, .. } = read_config(options);
        let view = read_view(lock, checks, tags, query, (&names, &policy));
        let decision = decide(&view, &names, &policy);
        let seen = (show_role(&decision), show_actions(&decision.actions, &names));
        let asks = [needs_name, needs_query, needs_entry].map(|needs| needs(&view, &names, &policy));
        let asked = [!view.name.is_open(), !view.query.is_open(), !view.entry.is_open()];
        if seen != (role.to_owned(), actions.to_owned()) || asks != asked {
            writeln!(wrong, "{line}\n  {seen:?}, name, query and catalog are asked for: {asks:?}").unwrap();
        }
        rows += 1;
    }
    assert!(rows > 90, "the table was read: {rows} rows");
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn only_the_holder_of_the_lock_is_ever_tagged_master_and_tags_never_go_after_the_lock() {
    for_every_view(|view, names, policy| {
        let decision = decide(view, names, policy);
        let mine = matches!(view.lock, Lock::Mine { .. });
        let is_master = |action: &Action| matches!(action, Action::Mark(marks) if marks::say_master(marks, names) && marks.tags != view.instance.marks.tags);
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
    for_every_view(|view, names, policy| {
        let mut view = view.clone();
        for _ in 0..12 {
            let decision = decide(&view, names, policy);
            if decision.actions.is_empty() || matches!(view.lock, Lock::Unknown) {
                return;
            }
            for action in decision.actions {
                carry_out(&mut view, action, names, policy);
            }
        }
        panic!("not settled: {view:?}");
    });
}

/// What Consul makes of an action, as far as the view shows it; an attempt on the lock succeeds.
fn carry_out(view: &mut View, action: Action, names: &Names, policy: &Policy) {
    let own = || own_check(&view.instance, names).map(|check| check.id.clone());
    let described = |description: &Description, check_id| {
        let challenger = description.challenger.clone();
        let challenger = challenger.map(|sighting| Challenger { sighting, since: String::new() });
        let entry = holder(&view.instance, check_id, names, policy);
        let Description { promoted, others_are_hidden, query, name, .. } = description.clone();
        mine(Some(Holder { promoted, query, others_are_hidden, name, challenger, ..entry }))
    };
    match action {
        Action::Mark(marks) => view.instance.marks = marks,
        Action::Resend(marks) => {
            view.instance.marks = marks;
            view.done.resent = true;
        }
        Action::LookAgain => view.done.looked_again = true,
        Action::ConfirmMarks(_) | Action::Promote { .. } | Action::Hook(_) => {}
        Action::Renew { .. } => view.done.renewed = true,
        Action::Sweep => view.done.rebound = false,
        Action::Acquire { .. } => view.lock = described(&Description::default(), None),
        Action::Describe { description, .. } => view.lock = described(&description, own()),
        Action::Rebind { holder, .. } => {
            view.lock = described(&Description { challenger: None, ..Description::of(holder.as_ref()) }, own());
            view.done.rebound = true;
        }
        Action::HandOver { how, .. } => view.notes = notes(how.to.as_ref().map(|to| to.node.as_str())),
        Action::Release { .. } => view.lock = Lock::Free,
        Action::CreateQuery(query) | Action::UpdateQuery(query) => view.query = Answer::Known(Some(query)),
    }
}

fn for_every_view(hold: impl Fn(&View, &Names, &Policy)) {
    let hooks = "--on-promote true --on-demote true --on-follow true";
    let all = ["", "--no-fence", "--tolerate-warning", "--on-outage demote", hooks, "--preempt --priority 7 --ttl 10s"];
    for Config { names, policy, .. } in all.map(read_config) {
        for lock in [
            "mine",
            "mine+",
            "mine-",
            "mine*",
            "mine+ back",
            "mine+ due n2:200:p:7",
            "mine+ over n2:9:p:7",
            "mine+ seen:n2:200:p:7 others-failed",
            "mine+ port-failed",
            "free others-failed",
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
                    for query in [
                        "right",
                        "missing",
                        "template",
                        "no-tags",
                        "other",
                        "taken",
                        "finds",
                        "finds-none right catalog:old",
                        "-",
                    ] {
                        hold(&read_view(lock, checks, tags, query, (&names, &policy)), &names, &policy);
                    }
                }
            }
        }
    }
}

#[test]
fn a_session_is_bound_to_every_check_but_the_elections_own() {
    let Config { names, policy, .. } = read_config("");
    let view = read_view("free", "ping:p own:p new:p rival:p", "", "-", (&names, &policy));
    assert_eq!(bound_ids(&view.instance, None, &names), ["new", "ping", "rival"]);
}

#[test]
fn the_own_check_is_known_by_any_line_of_its_output() {
    let Config { names, policy, .. } = read_config("");
    let mut view = read_view("free", "x:c", "", "-", (&names, &policy));
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
        assert_eq!(own_check(&view.instance, &names).is_some(), own, "{output}");
    }
}

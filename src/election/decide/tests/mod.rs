//! Holds the decision against `table.txt`, row by row, and tries what must hold for every view.

mod asked;
mod notation;

use std::fmt::Write;

use super::question::{needs_entry, needs_found, needs_query};
use super::*;
use crate::election::config::Config;
use crate::election::describe::{Description, bound_ids};
use crate::election::eligibility::own_check;
use crate::election::model::Answer;
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
        let seen = (show_role(&decision, &view, &names, &policy), show_actions(&decision.actions, &names));
        // Whether an election is split shows only once the query is known.
        let asked_for = View { split: None, ..view.clone() };
        let asks = [needs_found, needs_query, needs_entry].map(|needs| needs(&asked_for, &names, &policy));
        let asked = [!view.found.is_open(), !view.query.is_open(), !view.entry.is_open()];
        if seen != (role.to_owned(), actions.to_owned()) || asks != asked {
            writeln!(wrong, "{line}\n  {seen:?}, query's answer, definition and catalog are asked for: {asks:?}")
                .unwrap();
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
        let tag = decision.actions.iter().rposition(|action| matches!(action, Action::Mark(_) | Action::Leave(_)));
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
    let own = || own_check(&view.instance, None, names).map(|check| check.id.clone());
    let described = |description: &Description, check_id| {
        let challenger = description.challenger.clone();
        let challenger = challenger.map(|sighting| Challenger { sighting, since: String::new() });
        let entry = holder(&view.instance, check_id, names, policy);
        let Description { promoted, others_are_hidden, sight, .. } = *description;
        mine(Some(Holder { promoted, others_are_hidden, sight, challenger, ..entry }))
    };
    match action {
        Action::Mark(marks) => view.instance = view.instance.clone().with_marks(marks, names),
        Action::Leave(marks) => {
            view.done.left_as_master |= marks::say_master(&view.instance.marks, names);
            view.instance = view.instance.clone().with_marks(marks, names);
            view.done.left = true;
        }
        Action::Resend(marks) => {
            view.instance = view.instance.clone().with_marks(marks, names);
            view.done.resent = true;
        }
        Action::LookAgain => view.done.looked_again = true,
        Action::ConfirmMarks(_) => {}
        Action::Hook(hook) => {
            let leader = if let Lock::Another(leader) = &view.lock { Some(leader.clone()) } else { None };
            view.done.memory.ran_slave_hook(marks::note_of(hook, leader.as_ref()));
        }
        Action::Promote { since, .. } => view.done.memory.promoted(&since),
        Action::Renew { .. } => view.done.renewed = true,
        Action::Sweep => view.done.rebound = false,
        Action::Acquire { successors, .. } => {
            view.lock = described(&Description::default(), None);
            view.notes.successors = successors;
            view.done.acquired = true;
        }
        Action::Describe { description, .. } => view.lock = described(&description, own()),
        Action::Rebind { holder, .. } => {
            view.lock = described(&Description { challenger: None, ..Description::of(holder.as_ref()) }, own());
            view.done.rebound = true;
        }
        Action::HandOver { how, .. } => view.notes = notes(how.to.as_ref().map(|to| to.node.as_str())),
        Action::NameSuccessors { successors, .. } => view.notes.successors = successors,
        Action::Release { .. } => view.lock = Lock::Free,
        Action::CreateQuery(query) if view.done.acquired && !view.done.query_tried => {
            view.done.query_tried = true;
            view.query = Answer::Known(Some(query));
        }
        Action::CreateQuery(query) | Action::UpdateQuery(query) => view.query = Answer::Known(Some(query)),
    }
}

fn for_every_view(hold: impl Fn(&View, &Names, &Policy)) {
    let hooks = "--on-promote true --on-demote true --on-follow true";
    let left = "resign --check-id gone --priority 7 --on-demote true --on-follow true";
    let all = [
        "",
        "--no-fence",
        "--only-passing",
        "--on-outage demote",
        hooks,
        "--preempt --priority 7 --ttl 10s",
        left,
        "resign",
    ];
    for Config { names, policy, .. } in all.map(read_config) {
        for lock in [
            "mine",
            "mine+",
            "mine-",
            "mine~",
            "mine*",
            "mine++",
            "mine+ ran:demote",
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
            "free later n2:9:p:7 entry tagged:n2 odd:n3",
            "free later n2:9:p:7 blind",
            "free crowd entry",
            "free crowd entry many:n2,n3",
            "free many:n2 early",
            "free many:n1,n2 n2:100:p:7 named-only",
            "mine+ crowd entry looks",
            "mine+ crowd entry many:n9",
            "free later n2:9:p:7 blind hidden:n9",
            "mine+ acquired marked",
            "refused",
            "unknown",
        ] {
            for checks in ["", "ping:p own:p", "ping:w own:p", "ping:c own:p", "ping:p new:c", "ping:p maint:c"] {
                for tags in [
                    "",
                    "master",
                    "slave",
                    "a master slave b",
                    "Master session=old",
                    "slave hook=demoted",
                    "master promoted=now",
                ] {
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
fn a_session_is_bound_to_every_check_and_to_the_elections_own_once_that_passes() {
    for (options, own, bound) in [
        ("", "own:p", &["new", "own", "ping", "rival"][..]),
        ("", "own:w", &["new", "ping", "rival"]),
        ("", "own:c", &["new", "ping", "rival"]),
        ("--master-status warning", "own:p", &["new", "own", "ping", "rival"]),
        ("--master-status critical", "own:p", &["new", "ping", "rival"]),
    ] {
        let Config { names, policy, .. } = read_config(options);
        let view = read_view("free", &format!("ping:p {own} new:p rival:p"), "", "-", (&names, &policy));
        assert_eq!(bound_ids(&view.instance, None, &names, &policy), bound, "{options} {own}");
    }
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
        assert_eq!(own_check(&view.instance, None, &names).is_some(), own, "{output}");
    }
}

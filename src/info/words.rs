//! The words for what is seen of a candidate: its health, and why it may not lead. Pure.

use crate::bounds;
use crate::consul::Status;
use crate::election::{Obstacle, StandBack, Surveyed, Unfit};
use crate::text::{capped, one_line};

/// The check that Consul itself keeps of every node.
pub const NODE_ALIVE: &str = "serfHealth";

/// Makes a text of others fit for a sentence.
pub fn clean(text: &str) -> String {
    one_line(&capped(text, bounds::QUOTE))
}

/// The health of an instance: `passing`, or what is not.
pub fn health(instance: &Surveyed) -> String {
    match &instance.health {
        None => "passing".to_owned(),
        Some(obstacle) => of_obstacle(obstacle),
    }
}

fn of_obstacle(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::InstanceInMaintenance => "maintenance".to_owned(),
        Obstacle::NodeInMaintenance => "node in maintenance".to_owned(),
        Obstacle::Check { id, .. } if id == NODE_ALIVE => "node failed".to_owned(),
        Obstacle::Check { id, status: Status::Critical } | Obstacle::SilentCheck(id) => {
            format!("critical: {}", clean(id))
        }
        Obstacle::Check { id, .. } => format!("warning: {}", clean(id)),
    }
}

/// That a session holds the lock which is no instance's. `of`: its node and its name, where they can be read.
pub fn foreign(session: &str, of: Option<&(String, String)>) -> String {
    let (session, key) = (clean(session), "holds the lock");
    match of {
        Some((node, name)) => {
            format!("session {session} of node {}, named '{}', {key}, and is no instance's", clean(node), clean(name))
        }
        None => format!("session {session} {key}, and nothing shows that it is an instance's"),
    }
}

/// Why an instance is no candidate. Fits one instance and several.
pub fn why(unfit: &Unfit) -> String {
    match unfit {
        Unfit::NotMarked => "no mark of the election, which the next run of its check sets".to_owned(),
        Unfit::OtherElections { names, .. } => {
            format!("in election {}, not in this one", list(&names.iter().map(|name| clean(name)).collect::<Vec<_>>()))
        }
        Unfit::OtherKey(key) => format!("another lock key, {}", clean(key)),
        Unfit::WrongMark => "a mark that is not this program's".to_owned(),
        Unfit::NeverLeads => "priority 0".to_owned(),
        Unfit::NothingListens => "nothing listens on the watched port".to_owned(),
        Unfit::NothingRuns => "no check runs the election there".to_owned(),
        Unfit::CheckMissing(id) => format!("the election check {} does not exist", clean(id)),
        Unfit::CheckCritical(id) => format!("the election check {} is critical", clean(id)),
        Unfit::CheckReports(error) => format!("the election check reports {}", said(error)),
        Unfit::Obstacle(obstacle) => of_obstacle(obstacle),
        Unfit::StandsBack(note) => stands_back(note),
    }
}

/// What a check printed. An output that changes without the status reaches the catalog with the agent's next update. The address of the agent
/// that the check asked, its own, is left out, so that the same line of several nodes is the same.
pub fn said(output: &str) -> String {
    // The end of a line is what helps, so it is whole.
    format!("\"{}\" ({OLD})", without_agent(&one_line(&capped(output.trim(), bounds::LINE))))
}

/// The most characters of what a health check printed.
const LONGEST_OUTPUT: usize = 150;

/// What a health check printed, after its name: nothing if it printed nothing. The beginning says what is wrong as a rule, and where Consul itself
/// ended the check it is all there is.
pub fn quoted(output: &str) -> String {
    let lines = output.lines().map(str::trim).filter(|line| !line.is_empty());
    let text = clean(&lines.collect::<Vec<_>>().join(" "));
    if text.is_empty() { text } else { format!(" (\"{}\")", capped(&text, LONGEST_OUTPUT)) }
}

fn without_agent(line: &str) -> String {
    let found = [" at http://", " at https://", " at unix://"].iter().filter_map(|part| line.find(part)).min();
    let cut = found.and_then(|begin| Some((begin, begin + line[begin..].find(": ")?)));
    cut.map_or_else(|| line.to_owned(), |(begin, end)| format!("{}{}", &line[..begin], &line[end..]))
}

/// How old a check's output in the catalog may be: Consul's `check_update_interval`.
pub const OLD: &str = "up to 5 min old";

/// That an instance stands back, until when, and why.
fn stands_back(StandBack { end, failure, is_over, .. }: &StandBack) -> String {
    match (failure, is_over) {
        (Some(failure), true) => format!("could not lead a while ago: {}", clean(&failure.error)),
        (Some(failure), false) => format!("stands back until {}: {}", clean(&end.until), clean(&failure.error)),
        (None, _) => format!("stands back until {}", clean(&end.until)),
    }
}

/// Names as a list: `n1, n2 and n3`.
pub fn list(names: &[String]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Groups names by what is said of them, in the order in which each is first said.
pub fn grouped(said: impl IntoIterator<Item = (String, String)>) -> Vec<(Vec<String>, String)> {
    let mut groups: Vec<(Vec<String>, String)> = Vec::new();
    for (name, words) in said {
        match groups.iter_mut().find(|(_, of_group)| *of_group == words) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], words)),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_check_says_of_its_own_agent_has_no_address() {
        for (output, shown) in [
            ("error: cannot read x at http://127.0.0.1:8500: 403 no; why\n", "error: cannot read x: 403 no; why"),
            ("error: cannot read x at http://[::1]:8500: no connection", "error: cannot read x: no connection"),
            ("error: cannot read x at unix:///run/consul.sock: 403", "error: cannot read x: 403"),
            ("slave of n2", "slave of n2"),
            ("look at http://x", "look at http://x"),
        ] {
            assert_eq!(said(output), format!("\"{shown}\" (up to 5 min old)"));
        }
    }
}

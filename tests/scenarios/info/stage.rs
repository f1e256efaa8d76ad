//! What the scenarios about `info` and `watch` share.

use serde_json::Value;

use crate::harness::{Node, Pass};
use crate::stage::Candidate;

/// What `info` said of one election, and its exit code.
#[derive(Clone, Debug)]
pub struct Told {
    pub code: i32,
    pub info: Value,
}

/// An `info` on a node, with more options.
pub fn command<'a>(node: &Node, options: impl IntoIterator<Item = &'a str>) -> Pass {
    Pass::bare().on(node).arg("info").args(options)
}

/// Runs an `info` that must show one election, as JSON.
pub fn told(pass: &Pass) -> Told {
    let output = pass.clone().args(["--format", "json"]).output();
    let lines: Vec<&str> = output.stdout.lines().collect();
    let [line] = lines[..] else { panic!("not one election: {output:?}") };
    let info = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    Told { code: output.status, info }
}

impl Candidate<'_> {
    /// What `info` on its node says of its election.
    pub fn told(&self) -> Told {
        told(&command(self.node, ["--consul-service-name", &self.service]))
    }
}

impl Told {
    pub fn problems(&self) -> Vec<String> {
        let problems = self.info["problems"].as_array().expect("a list of problems");
        problems.iter().map(|problem| problem.as_str().expect("a sentence").to_owned()).collect()
    }

    pub fn has_problem(&self, part: &str) -> bool {
        self.problems().iter().any(|problem| problem.contains(part))
    }

    /// What it says of the candidate on a node.
    pub fn candidate(&self, node: &Node) -> Value {
        let all = self.info["candidates"].as_array().expect("a list of candidates");
        all.iter().find(|candidate| candidate["node"] == node.name()).cloned().unwrap_or_default()
    }

    pub fn leader(&self) -> Option<&str> {
        self.info["leader"]["node"].as_str()
    }

    /// The reason of the newest change.
    pub fn reason(&self) -> &str {
        self.info["history"][0]["reason"].as_str().unwrap_or_default()
    }
}

//! `doctor` finds each wrong set-up, finds nothing in a right one, and changes nothing.

mod agents;
mod definitions;
mod elections;
mod instances;
mod refusals;
mod tokens;

use serde_json::Value;

use crate::harness::Pass;
use crate::stage::Candidate;

/// What `doctor` found.
#[derive(Debug)]
pub struct Found {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    /// Severity and name of each finding.
    pub findings: Vec<(String, String)>,
}

impl Found {
    /// Runs `doctor` with the arguments and the environment of this pass.
    pub fn by(pass: &Pass) -> Found {
        let output = pass.clone().args(["doctor", "--format", "json"]).output();
        let mut findings = Vec::new();
        for line in output.stdout.lines() {
            let found: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {output:?}"));
            assert_eq!(found["schema"], 1, "{line}");
            for finding in found["findings"].as_array().unwrap() {
                let text = |field: &str| finding[field].as_str().unwrap().to_owned();
                assert!(!text("what").is_empty(), "{finding}");
                // Whatever asks for a change says which.
                assert_eq!(text("do").is_empty(), text("severity") == "ok", "{finding}");
                findings.push((text("severity"), text("name")));
            }
        }
        Found { status: output.status, stdout: output.stdout, stderr: output.stderr, findings }
    }

    /// Runs `doctor` about an instance, with these options.
    pub fn of(candidate: &Candidate, options: &[&str]) -> Found {
        let named = ["--consul-service-name", &candidate.service];
        Found::by(&Pass::bare().on(candidate.node).args(named).args(options.iter().copied()))
    }

    pub fn has(&self, name: &str) -> bool {
        self.findings.iter().any(|(_, found)| found == name)
    }

    /// The names of all findings that ask for a change.
    pub fn wrong(&self) -> Vec<&str> {
        let wrong = self.findings.iter().filter(|(severity, _)| severity == "fail" || severity == "warn");
        wrong.map(|(_, name)| name.as_str()).collect()
    }

    /// Asserts that it found this and that its exit code says so.
    pub fn shows(self, name: &str) -> Found {
        assert!(self.has(name), "no {name}: {self:?}");
        let worst = if self.findings.iter().any(|(severity, _)| severity == "fail") { 2 } else { 1 };
        assert_eq!(self.status, worst, "{self:?}");
        self
    }
}

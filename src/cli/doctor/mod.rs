//! What `doctor` prints and ends with, from what it found. Asks nothing.

mod words;

use serde_json::json;

use super::given::Places;
use super::info::Report;
use super::show::Format;
use crate::bounds;
use crate::doctor::{Finding, Severity};
use crate::text::{capped, one_line, without};

/// What `doctor` takes besides the options of the check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoctorOptions {
    /// The files with definitions to examine; none: the agent is asked.
    pub files: Vec<String>,
}

/// What was found of one election.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// The election's name; empty where no election was found.
    pub election: String,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What no output may hold.
    pub secrets: Vec<String>,
    /// Where the options were given.
    pub places: Places,
}

/// The exit code where something could not be asked.
const NOT_ASKED: u8 = 3;

/// The report that something could not be asked, and why.
#[must_use]
pub fn not_asked(message: &str, secrets: &[String]) -> Report {
    let message = shown(message, secrets);
    let error = format!("consul-master-election-tagger doctor: error: {message}\n");
    Report { text: String::new(), error, code: NOT_ASKED }
}

/// The report on what was found.
#[must_use]
pub fn report(examined: &[Examined], format: Option<Format>) -> Report {
    let is_json = match format {
        None | Some(Format::Table) => false,
        Some(Format::Json) => true,
        Some(Format::Yaml | Format::Prometheus) => {
            return not_asked("doctor has the formats table and json; use one", &[]);
        }
    };
    let code = examined.iter().map(code).max().unwrap_or_default();
    let texts = examined.iter().map(|one| if is_json { json_of(one) } else { text_of(one, examined.len() > 1) });
    Report { text: texts.collect(), error: String::new(), code }
}

fn code(examined: &Examined) -> u8 {
    let worst = examined.findings.iter().map(Finding::severity).min();
    let is_unknown = |finding: &Finding| {
        matches!(finding, Finding::NotAsked { .. } | Finding::Unreadable { .. } | Finding::NoElectionNamed { .. })
    };
    let is_unasked = examined.findings.iter().any(is_unknown);
    match worst {
        _ if examined.findings.contains(&Finding::NoServersLeader) => NOT_ASKED,
        Some(Severity::Fail) => 2,
        _ if is_unasked => NOT_ASKED,
        Some(Severity::Warn) => 1,
        _ => 0,
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Fail => "FAIL",
        Severity::Warn => "warn",
        Severity::Note => "note",
        Severity::Fine => "ok",
    }
}

/// The findings, worst first, each once.
fn sorted(examined: &Examined) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = Vec::new();
    for finding in &examined.findings {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings.sort_by_key(|finding| finding.severity());
    findings
}

fn shown(text: &str, secrets: &[String]) -> String {
    one_line(&capped(&without(text, secrets), bounds::LINE))
}

/// What a finding says, and what to do about it, fit to be printed.
fn words_of(finding: &Finding, examined: &Examined) -> (String, String) {
    let (what, advice) = words::of(finding);
    let fit = |text: &str| shown(&examined.places.located(text), &examined.secrets);
    (fit(&what), fit(&advice))
}

fn text_of(examined: &Examined, has_title: bool) -> String {
    let mut text = if has_title { format!("{}\n", one_line(&examined.election)) } else { String::new() };
    for finding in sorted(examined) {
        let (what, advice) = words_of(finding, examined);
        let severity = format!("{:<5} ", word(finding.severity()));
        text.extend([severity.as_str(), &what, "\n"]);
        if !advice.is_empty() {
            text.extend(["      → ", &advice, "\n"]);
        }
    }
    text
}

fn json_of(examined: &Examined) -> String {
    let findings = sorted(examined).into_iter().map(|finding| {
        let (what, advice) = words_of(finding, examined);
        json!({
            "severity": word(finding.severity()).to_lowercase(),
            "name": finding.name(),
            "what": what,
            "do": advice,
        })
    });
    let findings: Vec<_> = findings.collect();
    format!("{}\n", json!({"schema": 1, "election": examined.election, "exit": code(examined), "findings": findings}))
}

//! The error of an `info` that finds no election on its agent: what to type to find out why. Pure.

use crate::bounds;
use crate::info::Heard;
use crate::text::{capped, list};

/// The program, as it is typed.
const PROGRAM: &str = "consul-master-election-tagger";

/// How many services have a command of their own.
const FEW: usize = 3;

/// The most characters of a line that is quoted.
const LONGEST_LINE: usize = 300;

/// That no instance is marked for an election, with what the checks say, and what to type. `services` are those of the agent.
#[must_use]
pub fn nothing_found(services: &[String], heard: &[Heard]) -> String {
    let (most, length) = bounds::NAMES;
    if services.is_empty() {
        return "this agent has no service that the token may see; with ACLs, give a token with --token-file or CONSUL_HTTP_TOKEN; or \
                name an election of other nodes with --consul-service-name or --consul-query-name, or one of run with --name"
            .to_owned();
    }
    let unmarked = "no instance of this agent is marked for an election";
    if let Some(one) = heard.first() {
        let service = one.service.clone().unwrap_or_else(|| "NAME".to_owned());
        let election = one.election.as_ref().filter(|election| **election != format!("{service}-master"));
        let query = election.map(|election| format!(" --consul-query-name {election}")).unwrap_or_default();
        let others = if heard.len() > 1 {
            let others: Vec<String> = heard[1..].iter().map(|other| other.check.clone()).collect();
            format!("; other election checks here: {}", list(&others, most, length))
        } else {
            String::new()
        };
        return format!(
            "{unmarked}, and check {} says \"{}\"; find out why: {PROGRAM} doctor --consul-service-name {service}{query}; \
             see the election: {PROGRAM} info --consul-service-name {service}{query}{others}",
            one.check,
            capped(&one.line, LONGEST_LINE)
        );
    }
    let service =
        if services.len() > FEW { "NAME".to_owned() } else { list(services, FEW, length).replace(", ", " | ") };
    let which =
        if services.len() > FEW { format!(", with one of: {}", list(services, most, length)) } else { String::new() };
    format!(
        "{unmarked}: its check has not run yet, cannot run, or does not exist; find out why: {PROGRAM} doctor \
         --consul-service-name {service}{which}; to see the election of another node, give --consul-service-name or \
         --consul-query-name"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_checks_say_comes_first_then_the_services_if_they_are_few() {
        let names = |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.to_owned()).collect() };
        let heard = |election: &str| Heard {
            check: "redis-election".to_owned(),
            service: Some("redis".to_owned()),
            election: Some(election.to_owned()),
            line: format!("election {election}: error: why"),
        };
        let here = names(&["redis"]);
        let doctor = "consul-master-election-tagger doctor --consul-service-name redis";
        let found = nothing_found(&here, &[heard("redis-master")]);
        assert!(found.contains("check redis-election says \"election redis-master: error: why\"; "), "{found}");
        assert!(found.contains(&format!("{doctor}; ")) && !found.contains("query-name"), "{found}");
        let found = nothing_found(&here, &[heard("writer"), heard("redis-master")]);
        assert!(found.contains(&format!("{doctor} --consul-query-name writer; ")), "{found}");
        assert!(found.ends_with("; other election checks here: redis-election"), "{found}");
        assert!(nothing_found(&here, &[]).contains(&format!("{doctor}; ")));
        assert!(nothing_found(&names(&["redis", "web"]), &[]).contains(&format!("{doctor} | web; ")));
        let many = nothing_found(&names(&["a", "b", "c", "d"]), &[]);
        assert!(many.contains("--consul-service-name NAME, with one of: a, b, c, d; "), "{many}");
        assert!(nothing_found(&[], &[]).starts_with("this agent has no service"));
    }
}

//! From values as typed to options as resolved: defaults, and how options rest on each other.

use std::ffi::OsString;
use std::time::Duration;

use super::typed::Values;
use super::{Hooks, OnOutage, Options, QuerySettings, Resign, Statuses, WatchPort, access, rules, values};
use crate::consul::Status;
use crate::port::Target;

/// How long an instance of higher priority must have been passing by default: longer than a service that flaps stays up.
const PREEMPT_AFTER: &str = "30s";

/// How long an instance that resigned stands back by default: ample for another to take the lead.
const STAND_BACK: &str = "30s";

/// Completes and checks what was typed.
///
/// # Errors
/// Names the option, what is wrong with it, and the way out.
pub fn resolve(typed: Values, environment: impl Fn(&str) -> Option<OsString>) -> Result<Options, String> {
    let service = typed.consul_service_name.clone().ok_or("--consul-service-name is missing: it names the service")?;
    let query = typed.consul_query_name.clone().unwrap_or_else(|| format!("{service}-master"));
    rules::query_name(&query)?;
    let lock_key = typed.lock_key.clone().unwrap_or_else(|| format!("service/{query}/leader"));
    rules::key(&lock_key)?;
    let master_tag = typed.master_tag.clone().unwrap_or_else(|| "master".to_owned());
    let slave_tag = typed.slave_tag.clone().unwrap_or_else(|| "slave".to_owned());
    rules::tags(&master_tag, &slave_tag, &typed.consul_query_tag)?;
    let timeout = values::duration("--timeout", typed.timeout.as_deref().unwrap_or("20s"))?;
    if timeout.is_zero() {
        return Err("--timeout 0s leaves no time for a pass; give it some, 20s by default".to_owned());
    }
    let lock_delay = values::duration("--lock-delay", typed.lock_delay.as_deref().unwrap_or("15s"))?;
    Ok(Options {
        lock_delay: rules::lock_delay(lock_delay)?,
        on_outage: values::choice(
            "--on-outage",
            typed.on_outage.clone(),
            OnOutage::Keep,
            &[("keep", OnOutage::Keep), ("demote", OnOutage::Demote)],
        )?,
        wait: values::duration("--wait", typed.wait.as_deref().unwrap_or("0s"))?,
        watch_port: watch_port(&typed, timeout)?,
        query_settings: query_settings(&typed, &query)?,
        ttl: optional("--ttl", typed.ttl.as_deref())?.map(rules::ttl).transpose()?,
        priority: typed.priority.as_deref().map(values::priority).transpose()?,
        preempt_after: preempt_after(&typed)?,
        max_term: optional("--max-term", typed.max_term.as_deref())?.map(rules::max_term).transpose()?,
        hooks: Hooks {
            promote: values::command("--on-promote", typed.on_promote.as_deref())?,
            demote: values::command("--on-demote", typed.on_demote.as_deref())?,
            follow: values::command("--on-follow", typed.on_follow.as_deref())?,
        },
        statuses: Statuses {
            master: values::status("--master-status", typed.master_status.clone())?,
            slave: values::status("--slave-status", typed.slave_status.clone())?,
            leaderless: values::status("--leaderless-status", typed.leaderless_status.clone())?,
        },
        resign: resign(&typed)?,
        log_level: values::log_level(typed.log_level.as_deref())?,
        scope: access::scope(&typed, &environment)?,
        access: access::resolve(&typed, environment)?,
        service_id: typed.consul_service_id,
        query_tags: typed.consul_query_tag,
        check_id: typed.check_id,
        tolerate_warning: typed.tolerate_warning,
        service,
        query,
        master_tag,
        slave_tag,
        lock_key,
        timeout,
    })
}

fn optional(option: &str, text: Option<&str>) -> Result<Option<Duration>, String> {
    text.map(|text| values::duration(option, text)).transpose()
}

fn query_settings(typed: &Values, query: &str) -> Result<QuerySettings, String> {
    let fence = !typed.no_fence;
    if fence || typed.priority.is_some() || typed.on_demote.is_some() || typed.on_follow.is_some() || typed.watch_port {
        rules::meta_name(query)?;
    }
    if fence && !typed.query_failover.is_empty() {
        return Err(
            "--query-failover would never answer: another datacenter is asked for an instance with this one's session, which it does not have; give --no-fence as well, or drop it"
                .to_owned(),
        );
    }
    let ttl = optional("--query-ttl", typed.query_ttl.as_deref())?.map(crate::duration::format);
    Ok(QuerySettings { fence, ttl, near: typed.query_near.clone(), failover: typed.query_failover.clone() })
}

fn watch_port(typed: &Values, timeout: Duration) -> Result<Option<WatchPort>, String> {
    if !typed.watch_port {
        return match (&typed.watch_address, &typed.watch_grace) {
            (None, None) => Ok(None),
            (Some(_), _) => Err("--watch-address does nothing without --watch-port; give both, or neither".to_owned()),
            (None, Some(_)) => Err("--watch-grace does nothing without --watch-port; give both, or neither".to_owned()),
        };
    }
    let address = typed.watch_address.as_deref().map(|text| {
        Target::parse(text).ok_or_else(|| {
            format!("--watch-address '{text}' is none; write HOST:PORT, [ADDRESS]:PORT or /PATH/OF/A/SOCKET")
        })
    });
    let grace = values::duration("--watch-grace", typed.watch_grace.as_deref().unwrap_or("0s"))?;
    if grace > timeout / 2 {
        return Err("--watch-grace takes more than half of --timeout, and leaves no time to step down; make the one shorter or the other longer".to_owned());
    }
    Ok(Some(WatchPort { address: address.transpose()?, grace }))
}

fn preempt_after(typed: &Values) -> Result<Option<Duration>, String> {
    if !typed.preempt && typed.preempt_after.is_some() {
        return Err("--preempt-after does nothing without --preempt; give both, or neither".to_owned());
    }
    let after = values::duration("--preempt-after", typed.preempt_after.as_deref().unwrap_or(PREEMPT_AFTER))?;
    Ok(typed.preempt.then_some(after))
}

fn resign(typed: &Values) -> Result<Option<Resign>, String> {
    if !typed.resign {
        return match (&typed.resign_for, &typed.resign_to) {
            (None, None) => Ok(None),
            (Some(_), _) => Err("--for belongs to resign; write resign before the options".to_owned()),
            (None, Some(_)) => Err("--to belongs to resign; write resign before the options".to_owned()),
        };
    }
    let stands_back = values::duration("--for", typed.resign_for.as_deref().unwrap_or(STAND_BACK))?;
    if stands_back < Duration::from_secs(1) {
        return Err(
            "--for is the time for another to take the lead; give it a second or more, 30s by default".to_owned()
        );
    }
    Ok(Some(Resign { stands_back, to: typed.resign_to.clone() }))
}

impl Default for Statuses {
    fn default() -> Statuses {
        Statuses { master: Status::Passing, slave: Status::Passing, leaderless: Status::Passing }
    }
}

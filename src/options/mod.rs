//! A configuration in the shape that the election reads today. A bridge: it goes when the election reads a [`Config`].

use std::time::Duration;

use crate::consul::{Access, Scope};
use crate::duration;
use crate::election::{Config, Hooks, Resign, Statuses, WatchPort, signature};

pub(crate) use crate::election::{OnOutage, is_election_line};

/// An election's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the one of its name in `election::config`")]
pub(crate) struct Options {
    pub(crate) service: String,
    pub(crate) service_id: Option<String>,
    pub(crate) query: String,
    pub(crate) query_tags: Vec<String>,
    pub(crate) master_tag: String,
    pub(crate) slave_tag: String,
    pub(crate) lock_key: String,
    pub(crate) lock_delay: Duration,
    pub(crate) check_id: Option<String>,
    pub(crate) tolerate_warning: bool,
    pub(crate) on_outage: OnOutage,
    pub(crate) timeout: Duration,
    pub(crate) wait: Duration,
    pub(crate) watch_port: Option<WatchPort>,
    pub(crate) query_settings: QuerySettings,
    pub(crate) ttl: Option<Duration>,
    pub(crate) priority: Option<u32>,
    pub(crate) preempt_after: Option<Duration>,
    pub(crate) max_term: Option<Duration>,
    pub(crate) hooks: Hooks,
    pub(crate) statuses: Statuses,
    pub(crate) resign: Option<Resign>,
    pub(crate) access: Access,
    pub(crate) scope: Scope,
}

/// The prepared query's part of the policy, with the TTL as Consul reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct QuerySettings {
    /// Whether the query finds only the holder of the lock.
    pub(crate) fence: bool,
    /// `DNS.TTL`.
    pub(crate) ttl: Option<String>,
    /// `Service.Near`.
    pub(crate) near: Option<String>,
    /// `Service.Failover.Datacenters`.
    pub(crate) failover: Vec<String>,
}

impl From<&Config> for Options {
    fn from(config: &Config) -> Options {
        let Config { names, policy, access, wait } = config.clone();
        Options {
            service: names.service,
            service_id: names.service_id,
            query: names.query,
            query_tags: policy.query.tags,
            master_tag: names.master_tag,
            slave_tag: names.slave_tag,
            lock_key: names.lock_key,
            lock_delay: policy.lock_delay,
            check_id: names.check_id,
            tolerate_warning: policy.tolerate_warning,
            on_outage: policy.on_outage,
            timeout: wait.timeout,
            wait: wait.length,
            watch_port: policy.watch_port,
            query_settings: QuerySettings {
                fence: policy.query.fence,
                ttl: policy.query.ttl.map(duration::format),
                near: policy.query.near,
                failover: policy.query.failover,
            },
            ttl: policy.ttl,
            priority: policy.priority,
            preempt_after: policy.preempt_after,
            max_term: policy.max_term,
            hooks: policy.hooks,
            statuses: policy.statuses,
            resign: policy.resign,
            access,
            scope: names.scope,
        }
    }
}

impl Options {
    /// What every line of this election begins with.
    pub(crate) fn signature(&self) -> String {
        signature(Some(&self.query))
    }
}

#[cfg(test)]
impl Options {
    /// An election of the service redis, all defaults.
    pub(crate) fn for_tests() -> Options {
        Options::typed("")
    }

    /// An election of the service redis with options as typed.
    pub(crate) fn typed(text: &str) -> Options {
        use crate::cli::Command;
        let arguments = ["--consul-service-name", "redis"].into_iter().chain(text.split_whitespace());
        match Command::read(arguments.map(Into::into), |_| None) {
            Ok(Command::Check(run) | Command::Resign(run)) => Options::from(&run.config),
            other => panic!("{other:?}"),
        }
    }
}

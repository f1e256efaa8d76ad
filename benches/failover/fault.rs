//! The faults: what each does to whom, how it is undone, and how often it occurs in a mode's rounds. Measures nothing.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::harness::{Health, Node, Random, millis, secs, wait_for};
use crate::mode::Mode;
use crate::stage::{REPORT, Stage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    CheckCritical,
    RedisKilled,
    AgentKilled,
    AgentPaused,
    Reload,
    ServerRestart,
    ServerKilled,
    ServerPaused,
    /// From here on, the measurement is about the watched port.
    PortKilled,
    PortShutDown,
    PortInTheGap,
    PortStopped,
    BackInGrace,
    BackAfterGrace,
}

use Fault::{AgentKilled, AgentPaused, CheckCritical, RedisKilled, Reload, ServerKilled, ServerPaused, ServerRestart};
use Fault::{BackAfterGrace, BackInGrace, PortInTheGap, PortKilled, PortShutDown, PortStopped};

/// Shares of 50 rounds. Slow faults are rarer.
const ONE_SERVER: &[(Fault, usize)] =
    &[(CheckCritical, 18), (RedisKilled, 12), (AgentKilled, 6), (AgentPaused, 6), (Reload, 4), (ServerRestart, 4)];
const THREE_SERVERS: &[(Fault, usize)] = &[
    (CheckCritical, 12),
    (RedisKilled, 9),
    (AgentKilled, 5),
    (AgentPaused, 5),
    (Reload, 3),
    (ServerRestart, 4),
    (ServerKilled, 6),
    (ServerPaused, 6),
];
/// The share of a fault that occurs in as many rounds as `ROUNDS` says.
const FULL: usize = 50;
const PORT: &[(Fault, usize)] = &[(PortKilled, FULL), (PortShutDown, FULL), (PortStopped, FULL), (PortInTheGap, 10)];
const PORT_WITH_GRACE: &[(Fault, usize)] = &[(BackInGrace, FULL), (BackAfterGrace, FULL)];

/// A stopped redis must keep the lead for this long, until its health check turns critical.
const UNNOTICED: Duration = Duration::from_secs(1);
/// Longer than any round.
const NEVER: Duration = Duration::from_secs(3600);

impl Fault {
    /// Returns all faults of a mode, in the order of the table.
    pub fn of(mode: &Mode) -> impl Iterator<Item = Fault> {
        shares(mode).iter().map(|(fault, _)| *fault)
    }

    /// Plans the rounds of a mode in random order: every fault at least once, the rest by their shares. Where the port
    /// is measured, a fault with a full share occurs in as many rounds as `ROUNDS` says.
    pub fn plan(mode: &Mode, rounds: usize, random: &mut Random) -> Vec<Fault> {
        let shares = shares(mode);
        let all = if mode.grace.is_some() { FULL } else { shares.iter().map(|(_, share)| share).sum() };
        let mut plan = Vec::new();
        for (fault, share) in shares {
            plan.extend(vec![*fault; (rounds * share / all).max(1)]);
        }
        // The rounds lost by rounding go to the cheapest fault.
        plan.resize(plan.len().max(rounds), shares[0].0);
        for last in (1..plan.len()).rev() {
            let other = random.within(0..last as u64 + 1);
            plan.swap(last, usize::try_from(other).expect("an index fits"));
        }
        plan
    }

    pub fn name(self, mode: &Mode) -> &'static str {
        let several = mode.servers > 1;
        match self {
            CheckCritical => "health check critical",
            RedisKilled => "redis killed",
            AgentKilled => "agent SIGKILL",
            AgentPaused => "agent SIGSTOP, SIGCONT",
            Reload => "consul reload *",
            ServerRestart if several => "leader restarted *",
            ServerRestart => "server restarted *",
            ServerKilled => "leader SIGKILL *",
            ServerPaused => "leader SIGSTOP, SIGCONT *",
            PortKilled => "redis killed +",
            PortShutDown => "redis shut down +",
            PortInTheGap => "redis killed in the gap +",
            PortStopped => "redis stopped",
            BackInGrace => "redis back in grace *",
            BackAfterGrace => "redis back after grace +",
        }
    }

    /// Whether it ends the master's leadership, so that there is a failover to measure. Otherwise the time without a
    /// right answer is measured.
    pub fn ends_the_lead(self) -> bool {
        matches!(self, CheckCritical | RedisKilled | AgentKilled | AgentPaused)
            || self.is_of_the_port() && self != BackInGrace
    }

    /// Whether it is measured with waiting passes, on the port they watch.
    pub fn is_of_the_port(self) -> bool {
        matches!(self, PortKilled | PortShutDown | PortInTheGap | PortStopped | BackInGrace | BackAfterGrace)
    }

    /// Whether the port reports it. The time then starts at the fault itself, not at Consul's detection.
    pub fn is_reported_by_the_port(self) -> bool {
        self.is_of_the_port() && !matches!(self, PortStopped | BackInGrace)
    }

    /// Whether nobody must be watching the port when it occurs.
    pub fn occurs_in_the_gap(self) -> bool {
        self == PortInTheGap
    }

    /// Whether its time counts in the summary of the mode.
    pub fn counts(self) -> bool {
        self.ends_the_lead() && !matches!(self, PortInTheGap | PortStopped)
    }

    /// Whether it hits the leading server instead of the master's node.
    pub fn hits_a_server(self) -> bool {
        matches!(self, ServerRestart | ServerKilled | ServerPaused)
    }

    /// Injects the fault into the master or the leading server. Returns the moment before which the lead must not move.
    pub fn inject(self, stage: &Stage, mode: &Mode, master: usize, server: &Node, random: &mut Random) -> Instant {
        let (node, redis, grace) = (stage.client(master), stage.redis(master), mode.grace.unwrap_or_default());
        let begin = Instant::now();
        match self {
            CheckCritical => node.api().set_check(REPORT, Health::Critical),
            RedisKilled | PortKilled | PortInTheGap => redis.kill(),
            AgentKilled => node.kill(),
            AgentPaused => node.pause(),
            Reload => node.reload(),
            ServerRestart => server.restart(),
            ServerKilled => server.kill(),
            ServerPaused => server.pause(),
            PortShutDown => redis.shut_down(),
            PortStopped => {
                redis.pause();
                sleep(UNNOTICED);
                // The health check that notices is one that asks and reports by its TTL.
                assert!(!redis.answers(), "a stopped redis answered");
                let noticed = Instant::now();
                node.api().set_check(REPORT, Health::Critical);
                return noticed;
            }
            BackInGrace => {
                redis.kill();
                sleep(random.duration(Duration::ZERO..grace / 2));
                redis.start();
                return begin + NEVER;
            }
            BackAfterGrace => {
                redis.kill();
                sleep((grace + random.duration(millis(50)..millis(150))).saturating_sub(begin.elapsed()));
                redis.start();
                return begin + grace;
            }
        }
        begin
    }

    /// Undoes it, and waits until the others see the nodes that were away.
    pub fn heal(self, stage: &Stage, master: usize, server: &Node) {
        let node = stage.client(master);
        match self {
            CheckCritical => node.api().set_check(REPORT, Health::Passing),
            RedisKilled | PortKilled | PortInTheGap | PortShutDown => stage.redis(master).start(),
            PortStopped => {
                stage.redis(master).resume();
                node.api().set_check(REPORT, Health::Passing);
            }
            AgentKilled => node.start_again(),
            AgentPaused => node.resume(),
            ServerKilled => server.start_again(),
            ServerPaused => server.resume(),
            Reload | ServerRestart | BackInGrace | BackAfterGrace => {}
        }
        if matches!(self, AgentKilled | AgentPaused) || self.hits_a_server() {
            // Only then can a returning node's old tag be found.
            wait_for("a leader after the fault", secs(30), || stage.a_leader_answers());
            stage.cluster().wait_for_members();
        }
    }
}

fn shares(mode: &Mode) -> &'static [(Fault, usize)] {
    match mode.grace {
        Some(Duration::ZERO) => PORT,
        Some(_) => PORT_WITH_GRACE,
        None if mode.servers > 1 => THREE_SERVERS,
        None => ONE_SERVER,
    }
}

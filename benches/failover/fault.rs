//! The faults: what is done to whom, how it is undone, and how often each comes in a mode's rounds.

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
    /// From here on it is measured what the watched port tells, or does not.
    PortKilled,
    PortShutDown,
    PortInTheGap,
    PortStopped,
    BackInGrace,
    BackAfterGrace,
}

use Fault::{AgentKilled, AgentPaused, CheckCritical, RedisKilled, Reload, ServerKilled, ServerPaused, ServerRestart};
use Fault::{BackAfterGrace, BackInGrace, PortInTheGap, PortKilled, PortShutDown, PortStopped};

/// Of fifty rounds. Those that take long come less often.
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
/// The share of what comes in as many rounds as are asked for.
const FULL: usize = 50;
const PORT: &[(Fault, usize)] = &[(PortKilled, FULL), (PortShutDown, FULL), (PortStopped, FULL), (PortInTheGap, 10)];
const PORT_WITH_GRACE: &[(Fault, usize)] = &[(BackInGrace, FULL), (BackAfterGrace, FULL)];

/// For so long a redis that is stopped must keep the lead, until its health check turns.
const UNNOTICED: Duration = Duration::from_secs(1);
/// Longer than any round.
const NEVER: Duration = Duration::from_secs(3600);

impl Fault {
    /// All that befall a mode, in the order of the table.
    pub fn of(mode: &Mode) -> impl Iterator<Item = Fault> {
        shares(mode).iter().map(|(fault, _)| *fault)
    }

    /// The rounds of a mode: every fault at least once, the rest by their shares, in random order. Where the port is measured, what
    /// has a full share comes in as many rounds as are asked for.
    pub fn plan(mode: &Mode, rounds: usize, random: &mut Random) -> Vec<Fault> {
        let shares = shares(mode);
        let all = if mode.grace.is_some() { FULL } else { shares.iter().map(|(_, share)| share).sum() };
        let mut plan = Vec::new();
        for (fault, share) in shares {
            plan.extend(vec![*fault; (rounds * share / all).max(1)]);
        }
        // What rounding has left over goes to the fault that costs least.
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

    /// Whether it takes the lead from the master, so that there is a failover to measure. Where it does not, the time without a
    /// right answer is measured.
    pub fn ends_the_lead(self) -> bool {
        matches!(self, CheckCritical | RedisKilled | AgentKilled | AgentPaused)
            || self.is_of_the_port() && self != BackInGrace
    }

    /// Whether it is measured with passes that wait, and on the port that they watch.
    pub fn is_of_the_port(self) -> bool {
        matches!(self, PortKilled | PortShutDown | PortInTheGap | PortStopped | BackInGrace | BackAfterGrace)
    }

    /// Whether the port tells of it: then the time is measured from the fault itself, and not from Consul's detection.
    pub fn is_told_by_the_port(self) -> bool {
        self.is_of_the_port() && !matches!(self, PortStopped | BackInGrace)
    }

    /// Whether nobody shall watch the port when it comes.
    pub fn comes_in_the_gap(self) -> bool {
        self == PortInTheGap
    }

    /// Whether its time is one of those that the mode is measured by.
    pub fn counts(self) -> bool {
        self.ends_the_lead() && !matches!(self, PortInTheGap | PortStopped | BackAfterGrace)
    }

    /// Whether it befalls a server, the leading one, and not the master's node.
    pub fn befalls_a_server(self) -> bool {
        matches!(self, ServerRestart | ServerKilled | ServerPaused)
    }

    /// Does it, to the master or to the server that leads the others. Returns the moment before which the lead must not move.
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
                // The health check that notices is one that asks, and reports by its TTL.
                assert!(!redis.answers(), "a redis that is stopped has answered");
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

    /// Undoes it, and waits until those that were away are seen by the others.
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
        if matches!(self, AgentKilled | AgentPaused) || self.befalls_a_server() {
            // Not before they are can the old tag of one that comes back be found.
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

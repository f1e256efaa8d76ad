//! The faults: what is done to whom, how it is undone, and how often each comes in a mode's rounds.

use crate::harness::{Health, Node, Random, secs, wait_for};
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
}

use Fault::{AgentKilled, AgentPaused, CheckCritical, RedisKilled, Reload, ServerKilled, ServerPaused, ServerRestart};

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

impl Fault {
    /// All that befall a mode, in the order of the table.
    pub fn of(mode: &Mode) -> impl Iterator<Item = Fault> {
        shares(mode).iter().map(|(fault, _)| *fault)
    }

    /// The rounds of a mode: every fault at least once, the rest by their shares, in random order.
    pub fn plan(mode: &Mode, rounds: usize, random: &mut Random) -> Vec<Fault> {
        let shares = shares(mode);
        let all: usize = shares.iter().map(|(_, share)| share).sum();
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
        }
    }

    /// Whether it takes the lead from the master, so that there is a failover to measure. Where it does not, the time without a
    /// right answer is measured.
    pub fn ends_the_lead(self) -> bool {
        matches!(self, CheckCritical | RedisKilled | AgentKilled | AgentPaused)
    }

    /// Whether it befalls a server, the leading one, and not the master's node.
    pub fn befalls_a_server(self) -> bool {
        matches!(self, ServerRestart | ServerKilled | ServerPaused)
    }

    /// Does it, to the master or to the server that leads the others.
    pub fn inject(self, stage: &Stage, master: usize, server: &Node) {
        let node = stage.client(master);
        match self {
            CheckCritical => node.api().set_check(REPORT, Health::Critical),
            RedisKilled => stage.redis(master).kill(),
            AgentKilled => node.kill(),
            AgentPaused => node.pause(),
            Reload => node.reload(),
            ServerRestart => server.restart(),
            ServerKilled => server.kill(),
            ServerPaused => server.pause(),
        }
    }

    /// Undoes it, and waits until those that were away are seen by the others.
    pub fn heal(self, stage: &Stage, master: usize, server: &Node) {
        let node = stage.client(master);
        match self {
            CheckCritical => node.api().set_check(REPORT, Health::Passing),
            RedisKilled => stage.redis(master).start(),
            AgentKilled => node.start_again(),
            AgentPaused => node.resume(),
            ServerKilled => server.start_again(),
            ServerPaused => server.resume(),
            Reload | ServerRestart => {}
        }
        if matches!(self, AgentKilled | AgentPaused) || self.befalls_a_server() {
            // Not before they are can the old tag of one that comes back be found.
            wait_for("a leader after the fault", secs(30), || stage.a_leader_answers());
            stage.cluster().wait_for_members();
        }
    }
}

fn shares(mode: &Mode) -> &'static [(Fault, usize)] {
    if mode.servers > 1 { THREE_SERVERS } else { ONE_SERVER }
}

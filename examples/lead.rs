//! Three parts of a report that only one process among many may write at a time. Start it on several nodes, or several times on one.
//!
//! It asks the agent at `CONSUL_HTTP_ADDR`, or the local one.

use std::error::Error;
use std::time::Duration;

use consul_master_election_tagger::lead::{Client, Election, Event, Lead};
use consul_master_election_tagger::{Access, Address};

#[allow(dead_code, reason = "a test calls `report` itself")]
fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::var("CONSUL_HTTP_ADDR").unwrap_or_default();
    report(&address, "reports")
}

/// Leads once, writes the report, and lets the next process lead.
///
/// # Errors
/// When the election cannot be held until somebody changes something.
pub fn report(agent: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let access = Access { address: Address::parse(agent, false)?, ..Access::default() };
    let election = Election::builder(name).grace(Duration::from_secs(3)).build(Client::from(&access))?;
    // For another thread, such as one that waits for signals.
    let stopper = election.stopper();
    for event in election.events() {
        match event? {
            Event::Leading(lead) => {
                println!("leading with token {}", lead.token());
                work(&lead);
                stopper.stop();
                // Here the lead is dropped, and so released: the next process leads at once.
            }
            Event::Following(leader) => println!("{} leads", leader.node),
            Event::Lost(why) => println!("lost: {why}"),
            Event::Waiting(why) => println!("waiting: {why:?}"),
            Event::Unreachable { why, .. } => println!("{why}"),
        }
    }
    Ok(())
}

fn work(lead: &Lead) {
    for part in 1..=3 {
        // Waits for a moment, or until the lead is lost. It is still valid for the grace then.
        if let Some(why) = lead.lost().wait(Duration::from_millis(100)) {
            println!("stopped before part {part}: {why}");
            return;
        }
        println!("part {part}");
    }
}

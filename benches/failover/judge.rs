//! Judges a record: which answers were right, how long the failover took, how long there were two masters. Asks nobody.
//!
//! Why a right answer is never called wrong: the lock key is read consistently, so each reading shows the holder at
//! some moment between question and answer. A DNS answer is compared with the last reading that had *ended* before DNS
//! was asked, with the first that *began* after DNS answered, and with all in between. Consul counts the terms
//! (`LockIndex`). If the count grows by at most one from reading to reading, nobody else can have held the lock in
//! between, so these are all the holders while DNS had the question. An answer that names one of them was true at some
//! moment; any other was never true. If a reading is missing or the count jumps, there is no judgement.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::watch::{Addresses, Lock, Record, Seen};

/// The longest time that one answer stands for; nothing is known about the rest of a longer gap.
const LONGEST: Duration = Duration::from_millis(100);
/// How long a blocking query may take when nothing changes: half a second, plus up to a sixteenth.
const QUIET: Duration = Duration::from_millis(560);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Right,
    /// No address, or no answer.
    Nothing,
    Two,
    NotTheHolder,
    Unknown,
}

/// Answers that named two instances, or one that did not hold the lock.
#[derive(Clone, Debug, Default)]
pub struct Wrong {
    pub answers: usize,
    pub time: Duration,
    /// The first answer of each series, in words.
    pub examples: Vec<String>,
}

pub struct Judge<'a> {
    readings: Vec<(&'a Seen<Lock>, &'a Lock)>,
    address: &'a dyn Fn(&str) -> Option<Ipv4Addr>,
    record: &'a Record,
}

impl<'a> Judge<'a> {
    /// `address` resolves a node's name.
    pub fn of(record: &'a Record, address: &'a dyn Fn(&str) -> Option<Ipv4Addr>) -> Judge<'a> {
        let readings = record.truth.iter().filter_map(|seen| Some((seen, seen.what.as_ref().ok()?))).collect();
        Judge { readings, address, record }
    }

    /// Returns the moment at which the lock was first seen without that session.
    pub fn lost(&self, session: &str, since: Instant) -> Option<Instant> {
        let lost = |seen: &&Seen<Lock>| {
            let gone = seen.what.as_ref().is_ok_and(|lock| lock.session.as_deref() != Some(session));
            seen.answered >= since && gone
        };
        self.record.lock.iter().find(lost).map(|seen| seen.answered)
    }

    /// Returns the first node that led after that term.
    pub fn successor(&self, term: u64) -> Option<&'a str> {
        self.readings.iter().find(|(_, lock)| lock.term > term && lock.node.is_some())?.1.node.as_deref()
    }

    /// Returns the moment at which DNS first answered with that node alone.
    pub fn dns_names(&self, node: &str, since: Instant) -> Option<Instant> {
        let address = vec![(self.address)(node)?];
        let names = |seen: &&Seen<Addresses>| seen.asked >= since && seen.what.as_ref() == Ok(&address);
        self.record.dns.iter().find(names).map(|seen| seen.answered)
    }

    /// Returns the moment at which that node alone was first passing and tagged in the catalog.
    pub fn tags_name(&self, node: &str, since: Instant) -> Option<Instant> {
        let names = |seen: &&Seen<Vec<String>>| {
            seen.answered >= since && seen.what.as_ref().is_ok_and(|nodes| nodes.len() == 1 && nodes[0] == node)
        };
        self.record.tags.iter().find(names).map(|seen| seen.answered)
    }

    /// Returns how long DNS did not answer with the holder.
    pub fn dns_gap(&self, since: Instant) -> Duration {
        let judged = self.judged(&self.record.dns);
        let gaps = judged
            .iter()
            .filter(|(seen, _, verdict)| seen.asked >= since && !matches!(verdict, Verdict::Right | Verdict::Unknown));
        gaps.map(|(_, length, _)| *length).sum()
    }

    /// Returns how long the catalog did not name exactly one master, or did not answer.
    pub fn tags_gap(&self, since: Instant) -> Duration {
        let pairs = self.record.tags.windows(2).filter(|pair| pair[1].answered >= since);
        let gap = |pair: &[Seen<Vec<String>>]| {
            let length = pair[1].answered - pair[0].answered.max(since);
            match (&pair[0].what, &pair[1].what) {
                // A later answer was held up, and so was every client that asked meanwhile.
                (Ok(nodes), _) if nodes.len() == 1 => length.saturating_sub(QUIET),
                _ => length,
            }
        };
        pairs.map(gap).sum()
    }

    /// Returns how long two passing instances were tagged master in the catalog.
    pub fn two_tagged(&self) -> Duration {
        let two = |pair: &&[Seen<Vec<String>>]| pair[0].what.as_ref().is_ok_and(|nodes| nodes.len() > 1);
        let pairs = self.record.tags.windows(2).filter(two);
        pairs.map(|pair| (pair[1].answered - pair[0].answered).min(QUIET)).sum()
    }

    /// Returns how many answers of the catalog had two passing instances tagged master.
    pub fn two_samples(&self) -> usize {
        self.record.tags.iter().filter(|seen| seen.what.as_ref().is_ok_and(|nodes| nodes.len() > 1)).count()
    }

    pub fn wrong_by_a_client(&self) -> Wrong {
        self.wrong(&self.record.dns)
    }

    pub fn wrong_by_the_servers(&self) -> Wrong {
        let each = self.record.servers.iter().map(|heard| self.wrong(heard));
        // Three servers asked in parallel give three times the time of one.
        let servers = u32::try_from(self.record.servers.len()).expect("a few servers").max(1);
        let mut all = each.fold(Wrong::default(), Wrong::and);
        all.time /= servers;
        all
    }

    fn wrong(&self, heard: &[Seen<Addresses>]) -> Wrong {
        let mut wrong = Wrong::default();
        let mut before = Verdict::Right;
        for (seen, length, verdict) in self.judged(heard) {
            if matches!(verdict, Verdict::Two | Verdict::NotTheHolder) {
                wrong.answers += 1;
                wrong.time += length;
                if verdict != before {
                    let (said, holders) = (seen.what.clone().ok(), self.holders(seen.asked, seen.answered));
                    wrong.examples.push(format!("{} while the holder was {}", list(said), list(holders)));
                }
            }
            before = verdict;
        }
        wrong
    }

    /// Pairs every answer with the time it stands for: until the next question, or zero if it came late.
    fn judged<'s>(&self, heard: &'s [Seen<Addresses>]) -> Vec<(&'s Seen<Addresses>, Duration, Verdict)> {
        let in_time: Vec<_> = heard.iter().filter(|seen| !seen.late).collect();
        let next = in_time.iter().skip(1).map(|seen| seen.asked);
        let ends = next.chain(in_time.last().map(|seen| seen.answered));
        let lengths = in_time.iter().zip(ends).map(|(seen, end)| (*seen, (end - seen.asked).min(LONGEST)));
        let late = heard.iter().filter(|seen| seen.late).map(|seen| (seen, Duration::ZERO));
        lengths.chain(late).map(|(seen, length)| (seen, length, self.verdict(seen))).collect()
    }

    fn verdict(&self, seen: &Seen<Addresses>) -> Verdict {
        match seen.what.as_deref() {
            Err(_) | Ok([]) => Verdict::Nothing,
            Ok([address]) => match self.holders(seen.asked, seen.answered) {
                Some(holders) if holders.contains(address) => Verdict::Right,
                Some(_) => Verdict::NotTheHolder,
                None => Verdict::Unknown,
            },
            Ok(_) => Verdict::Two,
        }
    }

    /// Returns everyone who held the lock at some moment in that time; none if that is unknown.
    fn holders(&self, from: Instant, to: Instant) -> Option<Vec<Ipv4Addr>> {
        let first = self.readings.partition_point(|(seen, _)| seen.answered <= from).checked_sub(1)?;
        let last = self.readings.partition_point(|(seen, _)| seen.asked < to);
        let span = self.readings.get(first..=last)?;
        if span.windows(2).any(|pair| pair[1].1.term > pair[0].1.term + 1) {
            return None;
        }
        let held = span.iter().filter(|(_, lock)| lock.session.is_some());
        let mut holders = held.map(|(_, lock)| (self.address)(lock.node.as_deref()?)).collect::<Option<Vec<_>>>()?;
        holders.dedup();
        Some(holders)
    }
}

impl Wrong {
    pub fn and(mut self, mut other: Wrong) -> Wrong {
        self.answers += other.answers;
        self.time += other.time;
        self.examples.append(&mut other.examples);
        self
    }
}

fn list(addresses: Option<Addresses>) -> String {
    let Some(addresses) = addresses else { return "unknown".to_owned() };
    let all: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    if all.is_empty() { "nobody".to_owned() } else { all.join(" and ") }
}

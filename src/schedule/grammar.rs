//! The text of a schedule, read into fields. Must never know a time zone's data.

use std::time::Duration;

use super::calendar::Calendar;
use super::fault::Fault;
use super::field::{DAY, HOUR, MINUTE, MONTH, SECOND, Set, WEEKDAY};
use crate::{bounds, duration};

/// The most characters of a schedule.
const LONGEST: usize = 250;

/// What stands before a zone.
const ZONE: &str = "CRON_TZ=";

/// What an expression says, before its zone is looked up.
pub struct Expression {
    /// The expression without its zone: lower case, one space between fields.
    pub text: String,
    /// The zone in front.
    pub zone: Option<String>,
    /// The due times.
    pub rhythm: Rhythm,
}

/// Which moments are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// Those that a clock and a calendar show.
    Calendar(Calendar),
    /// Every so many seconds since 1970, so that all nodes agree without having spoken.
    Every(i64),
}

/// The short forms, as cronie has them.
const SHORT: [(&str, &str); 7] = [
    ("yearly", "0 0 1 1 *"),
    ("annually", "0 0 1 1 *"),
    ("monthly", "0 0 1 * *"),
    ("weekly", "0 0 * * 0"),
    ("daily", "0 0 * * *"),
    ("midnight", "0 0 * * *"),
    ("hourly", "0 * * * *"),
];

/// Reads an expression.
pub fn read(text: &str) -> Result<Expression, Fault> {
    if text.chars().count() > LONGEST {
        return Err(Fault::Length(LONGEST));
    }
    let text = text.trim();
    let (zone, rest) = match text.strip_prefix(ZONE) {
        Some(after) => {
            let (zone, rest) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
            (Some(zone.to_owned()), rest)
        }
        None => (None, text),
    };
    let lower = rest.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let rhythm = match (words.as_slice(), words.first().and_then(|word| word.strip_prefix('@'))) {
        ([_, rest @ ..], Some("every")) => every(&rest.join(" "))?,
        ([_], Some(word)) => {
            let long = SHORT.iter().find(|(short, _)| *short == word);
            let (_, long) = long.ok_or_else(|| Fault::Word(word.to_owned()))?;
            fields(&long.split(' ').collect::<Vec<_>>())?
        }
        (_, Some(_)) => return Err(Fault::Word(words.join(" ").trim_start_matches('@').to_owned())),
        (words, None) => fields(words)?,
    };
    Ok(Expression { text: words.join(" "), zone, rhythm })
}

fn every(text: &str) -> Result<Rhythm, Fault> {
    let takes = |time: &Duration| time.subsec_nanos() == 0 && time.as_secs() > 0 && *time <= bounds::DURATION;
    let time = duration::parse(text).filter(takes).and_then(|time| i64::try_from(time.as_secs()).ok());
    time.map(Rhythm::Every).ok_or_else(|| Fault::Every(text.to_owned()))
}

fn fields(words: &[&str]) -> Result<Rhythm, Fault> {
    let (seconds, words) = match words {
        [second, rest @ ..] if rest.len() == 5 => (Some(*second), rest),
        all => (None, all),
    };
    let [minute, hour, day, month, weekday] = words else { return Err(Fault::Fields(words.len())) };
    let is_open = |word: &str| word.starts_with(['*', '?']);
    let calendar = Calendar {
        second: seconds.map_or(Ok(Set::of(0)), |word| SECOND.read(word))?,
        minute: MINUTE.read(minute)?,
        hour: HOUR.read(hour)?,
        day: DAY.read(day)?,
        month: MONTH.read(month)?,
        weekday: WEEKDAY.read(weekday)?,
        needs_both_days: is_open(day) || is_open(weekday),
        is_fixed: ![seconds.unwrap_or("0"), minute, hour].into_iter().any(is_open),
    };
    if calendar.has_a_day() { Ok(Rhythm::Calendar(calendar)) } else { Err(Fault::Never) }
}

//! One field of an expression, as the set of numbers that it allows. Must never know dates.

use super::fault::Fault;

/// A set of the numbers 0 to 63.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set(u64);

impl Set {
    /// Returns the set with this number alone.
    pub fn of(number: u8) -> Set {
        let mut set = Set::default();
        set.add(number);
        set
    }

    fn add(&mut self, number: u8) {
        self.0 |= 1_u64.checked_shl(number.into()).unwrap_or(0);
    }

    /// Returns whether it has the number.
    pub fn has(self, number: u8) -> bool {
        self.at_least(number) == Some(number)
    }

    /// Returns its smallest number that is not below this one.
    pub fn at_least(self, number: u8) -> Option<u8> {
        let rest = self.0.checked_shr(number.into())?;
        // At most 63 in all, so it fits.
        (rest != 0).then(|| number.saturating_add(u8::try_from(rest.trailing_zeros()).unwrap_or(0)))
    }
}

/// A field: its name, and what it takes.
pub struct Field {
    pub name: &'static str,
    takes: &'static str,
    low: u8,
    high: u8,
    words: &'static [&'static str],
    /// Whether `?` stands for `*`.
    blank: bool,
}

pub const SECOND: Field = Field { name: "second", takes: "0-59", low: 0, high: 59, words: &[], blank: false };
pub const MINUTE: Field = Field { name: "minute", ..SECOND };
pub const HOUR: Field = Field { name: "hour", takes: "0-23", high: 23, ..SECOND };
pub const DAY: Field = Field { name: "day of the month", takes: "1-31", low: 1, high: 31, words: &[], blank: true };
pub const MONTH: Field =
    Field { name: "month", takes: "1-12 or jan-dec", low: 1, high: 12, words: &MONTHS, blank: false };
/// Sunday is 0 as well as 7.
pub const WEEKDAY: Field =
    Field { name: "day of the week", takes: "0-7 or sun-sat", low: 0, high: 7, words: &WEEKDAYS, blank: true };

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Field {
    /// Reads the numbers that a text in lower case allows.
    pub fn read(&self, text: &str) -> Result<Set, Fault> {
        if self.blank && text == "?" {
            return self.read("*");
        }
        let mut set = Set::default();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(step)),
                None => (part, None),
            };
            let (first, last) = self.range(range, part, step.is_some())?;
            let step = match step {
                Some(step) => digits(step).filter(|step| *step > 0).ok_or_else(|| self.fault(part))?,
                None => 1,
            };
            (first..=last).step_by(step.into()).for_each(|number| set.add(number));
        }
        Ok(set)
    }

    /// Reads the ends of a range, both included.
    fn range(&self, range: &str, part: &str, has_step: bool) -> Result<(u8, u8), Fault> {
        if range == "*" {
            return Ok((self.low, self.high));
        }
        if range.contains('~') {
            return Err(Fault::Random(self.name));
        }
        let Some((first, last)) = range.split_once('-') else {
            let number = self.number(range).ok_or_else(|| self.fault(part))?;
            return match part.split_once('/') {
                Some((_, step)) if has_step => Err(Fault::Step(self.name, format!("{range}-{}/{step}", self.high))),
                _ => Ok((number, number)),
            };
        };
        match (self.number(first), self.number(last)) {
            (Some(first), Some(last)) if first <= last => Ok((first, last)),
            // A week that ends on its Sunday.
            (Some(first), Some(0)) if last == WEEKDAYS[0] => Ok((first, self.high)),
            _ => Err(self.fault(part)),
        }
    }

    fn number(&self, text: &str) -> Option<u8> {
        let word = self.words.iter().position(|word| *word == text).and_then(|position| u8::try_from(position).ok());
        word.map(|position| position + self.low).or_else(|| digits(text)).filter(|n| (self.low..=self.high).contains(n))
    }

    fn fault(&self, part: &str) -> Fault {
        Fault::Field(self.name, self.takes, part.to_owned())
    }
}

/// Reads a number without a sign.
fn digits(text: &str) -> Option<u8> {
    text.chars().all(|c| c.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

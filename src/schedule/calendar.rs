//! Which moments of a clock and a calendar match an expression. Must never know time zones.

use jiff::civil::{Date, DateTime, Time};

use super::field::Set;

/// The fields of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    pub second: Set,
    pub minute: Set,
    pub hour: Set,
    pub day: Set,
    pub month: Set,
    pub weekday: Set,
    /// Whether a day must match both the day of the month and the day of the week, as in cron when one of them begins with `*`.
    /// Otherwise one suffices.
    pub needs_both_days: bool,
    /// Whether neither second, minute nor hour begins with `*`. Such a time runs once a day however the clock is changed.
    pub is_fixed: bool,
}

impl Calendar {
    /// Returns whether any day matches. The calendar repeats itself after 400 years, weekdays included.
    pub fn has_a_day(&self) -> bool {
        self.first_day(Date::constant(2000, 1, 1), Date::constant(2400, 1, 1)).is_some()
    }

    /// Returns the first matching moment from `from` on and before `until`.
    pub fn first(&self, from: DateTime, until: DateTime) -> Option<DateTime> {
        let day = self.first_day(from.date(), until.date())?;
        let earliest = if day == from.date() { from.time() } else { Time::midnight() };
        let later = || Some((self.first_day(day.tomorrow().ok()?, until.date())?, self.first_time(Time::midnight())?));
        let (day, time) = self.first_time(earliest).map(|time| (day, time)).or_else(later)?;
        let found = day.to_datetime(time);
        (found < until).then_some(found)
    }

    /// Returns whether the moment matches.
    #[cfg(test)]
    pub fn matches(&self, moment: DateTime) -> bool {
        self.matches_day(moment.date()) && self.first_time(moment.time()) == Some(moment.time())
    }

    /// Returns the first matching day, both ends included.
    fn first_day(&self, from: Date, until: Date) -> Option<Date> {
        let mut day = from;
        while day <= until {
            if !self.month.has(number(day.month())) {
                // The last day of a month has a tomorrow, but for the last year that a date can have.
                day = day.last_of_month().tomorrow().ok()?;
            } else if self.matches_day(day) {
                return Some(day);
            } else {
                day = day.tomorrow().ok()?;
            }
        }
        None
    }

    fn matches_day(&self, date: Date) -> bool {
        let day = self.day.has(number(date.day()));
        let weekday = number(date.weekday().to_sunday_zero_offset());
        let weekday = self.weekday.has(weekday) || weekday == 0 && self.weekday.has(7);
        let fits = if self.needs_both_days { day && weekday } else { day || weekday };
        fits && self.month.has(number(date.month()))
    }

    /// Returns the first matching time of a day that is not before this one.
    fn first_time(&self, from: Time) -> Option<Time> {
        let (hour, minute, second) = (number(from.hour()), number(from.minute()), number(from.second()));
        let in_hour = |minute: u8, second: u8| {
            let same = self.minute.has(minute).then(|| self.second.at_least(second)).flatten();
            let later = || Some((self.minute.at_least(minute + 1)?, self.second.at_least(0)?));
            same.map(|second| (minute, second)).or_else(later)
        };
        let same = self.hour.has(hour).then(|| in_hour(minute, second)).flatten();
        let later = || self.hour.at_least(hour + 1).zip(in_hour(0, 0));
        let (hour, (minute, second)) = same.map(|rest| (hour, rest)).or_else(later)?;
        Time::new(signed(hour), signed(minute), signed(second), 0).ok()
    }
}

/// Numbers of a calendar are small and have no sign.
fn number(part: i8) -> u8 {
    part.unsigned_abs()
}

fn signed(part: u8) -> i8 {
    i8::try_from(part).unwrap_or(0)
}

//! What can be wrong with a field of a definition, and where it stands, as data. Must never know an election.

/// Where in a file something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The field, as Consul names it: `service.checks[1].interval`. Empty: the whole file.
    pub path: String,
}

/// What an unknown field was meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// This field.
    Field(&'static str),
    /// This field, which is given as well.
    Given(&'static str),
    /// The label of a block.
    Label,
    /// That is not known.
    Nothing,
}

/// Why Consul does not take a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadValue {
    /// A weight is out of range.
    Weights,
    /// Meta has more entries than this.
    ManyMeta(usize),
    /// A key of Meta has other characters, or more than this.
    MetaKey(usize),
    /// A key of Meta begins as only Consul's own may.
    ReservedMeta,
    /// A value of Meta has more characters than this.
    LongMeta(usize),
    /// The number is negative.
    Negative,
    /// The check would be critical before it is in warning.
    WarningAfterCritical,
}

/// Why the fields of a check do not say what it does. The names are those of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindFault {
    /// No field says it.
    Nothing,
    /// It has to be repeated, and nothing says how often.
    NoInterval(&'static str),
    /// It would be both repeated and reported.
    IntervalAndTtl,
    /// It stands for another check, and does something itself.
    AliasAnd(&'static str),
}

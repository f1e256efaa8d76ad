//! What operators really do: cases from the field, each an example of its kind.

mod name;
mod sight;

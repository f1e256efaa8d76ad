//! What operators really do: cases from the field, each with the outcome that is right.

mod clocks;
mod leaving;
mod words;

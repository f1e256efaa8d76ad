//! What an enemy, a bug or a bad day writes where the election reads, one file per place.

mod answers;
mod process;
mod rivals;
mod value;

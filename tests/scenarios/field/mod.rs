//! What operators really do: trouble from the field, each case an example of its kind, and what must hold.

mod first_run;
mod rollout;
mod tokens;
mod watched;

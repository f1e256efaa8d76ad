//! What operators really do, one file per kind of trouble.

mod first_run;
mod marks;
mod masters;
mod port;
mod rollout;
mod splits;
mod tokens;
mod warning;
mod watched;

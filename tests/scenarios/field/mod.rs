//! What operators really do, one file per kind of trouble.

mod clocks;
mod first_run;
mod hooks;
mod leaving;
mod marks;
mod masters;
mod missing;
mod name;
mod port;
mod rollout;
mod sight;
mod splits;
mod tokens;
mod warning;
mod watched;
mod words;

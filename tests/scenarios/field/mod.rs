//! What operators really do, one file per kind of trouble.

mod marks;
mod masters;
mod splits;
mod warning;

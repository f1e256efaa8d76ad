//! What operators really do, one file per kind of trouble.

mod warning;

//! What operators really do, by topic.

mod hooks;

//! What operators really do: trouble from the field, and the right outcome of each.

mod port;

"""One file a view: each turns a pattern (or a bound layer) into somebody else's object."""

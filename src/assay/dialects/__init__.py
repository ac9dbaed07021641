"""One package a wire dialect: decode, call a service, encode; no rules and no tables of its own."""

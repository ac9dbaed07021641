"""The catalog and the metric points on SQLite and PostgreSQL; SQL is written once, a dialect is a small delta."""

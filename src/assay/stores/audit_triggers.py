"""The database itself refuses to change or delete a record of the audit chain. A migration executes these."""

from __future__ import annotations

REFUSAL = "audit_record takes no changes: a governed act stays recorded"

_SQLITE = [
    "CREATE TRIGGER IF NOT EXISTS audit_record_refuses_update BEFORE UPDATE ON audit_record"
    " BEGIN SELECT RAISE(ABORT, '{refusal}'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_record_refuses_delete BEFORE DELETE ON audit_record"
    " BEGIN SELECT RAISE(ABORT, '{refusal}'); END",
    # INSERT OR REPLACE deletes the old row without asking the trigger above.
    "CREATE TRIGGER IF NOT EXISTS audit_record_refuses_replace BEFORE INSERT ON audit_record"
    " WHEN EXISTS (SELECT 1 FROM audit_record WHERE workspace_id = NEW.workspace_id AND seq = NEW.seq)"
    " BEGIN SELECT RAISE(ABORT, '{refusal}'); END",
]

_POSTGRES = [
    "CREATE OR REPLACE FUNCTION audit_record_refuses() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION '{refusal}'; END $$",
    "DROP TRIGGER IF EXISTS audit_record_refuses_change ON audit_record",
    "CREATE TRIGGER audit_record_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_record"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_record_refuses()",
    "ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_refuses_change",  # also where replication applies rows
]


def statements(dialect_name: str) -> list[str]:
    """The statements that make the triggers, which may be executed again; `sqlite` or `postgresql`."""
    texts = {"sqlite": _SQLITE, "postgresql": _POSTGRES}[dialect_name]
    return [text.replace("{refusal}", REFUSAL) for text in texts]


def statements_for(dialect_name: str, table: str, key: str) -> list[str]:
    """The same for another table that is only added to, whose primary key is that of the row `NEW`."""
    same = "workspace_id = NEW.workspace_id AND seq = NEW.seq"
    texts = {"sqlite": _SQLITE, "postgresql": _POSTGRES}[dialect_name]
    refusal = REFUSAL.replace("audit_record", table)
    return [text.replace(same, key).replace("{refusal}", refusal).replace("audit_record", table) for text in texts]

"""the audit log is continued with a key that is outside the database"""

import hmac
import json
from datetime import UTC, datetime

import cbor2
import sqlalchemy as sa
from alembic import context, op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

SEAL = ("system", "seal_earlier_entries", "audit log")
APPEND = """
INSERT INTO audit_entry (entry, at, actor, action, subject, detail, digest)
VALUES (:entry, :at, :actor, :action, :subject, CAST(:detail AS jsonb), :digest)
"""


def upgrade() -> None:
    """Drop the functions that write entries without a key (they take an ``audit_note``), and seal the earlier entries.

    Workers of the release before take payments as before; what people change there fails until they are replaced.
    """
    op.execute("SELECT pg_advisory_xact_lock(7310, 0)")
    op.execute("DROP TYPE audit_note CASCADE")
    last = op.get_bind().execute(sa.text("SELECT entry, digest FROM audit_entry ORDER BY entry DESC LIMIT 1")).first()
    if last is None:
        return
    key = context.config.attributes["audit_key"]
    if key is None:
        raise RuntimeError("the entries of the audit log are sealed with the centre's key: migrate with its key files")
    entry, at, detail = last.entry + 1, datetime.now(UTC), {"entries": last.entry}
    content = cbor2.dumps([entry, at.isoformat(timespec="microseconds"), *SEAL, detail], canonical=True)
    digest = hmac.digest(key, last.digest + content, "sha256")
    columns = {"entry": entry, "at": at, "actor": SEAL[0], "action": SEAL[1], "subject": SEAL[2]}
    op.get_bind().execute(sa.text(APPEND), columns | {"detail": json.dumps(detail), "digest": digest})


def downgrade() -> None:
    """Bring the type back; entries with a key stay."""
    op.execute("CREATE TYPE audit_note AS (actor text, action text, subject text, detail jsonb, tail bytea)")

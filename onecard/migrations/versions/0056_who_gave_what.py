"""who gave a user what nobody has confirmed yet, through whose hands a machine went, subjects that are confirmed once"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def _index(counts: str) -> None:
    for bound in ("user", "holder"):
        name = f"uq_identity_{bound}_subject"
        op.drop_index(name, "identity")
        where = sa.text(f"{counts} AND {bound}_id IS NOT NULL")
        op.create_index(name, "identity", ["provider", "subject"], unique=True, postgresql_where=where)


READ = """
INSERT INTO act SELECT entry, actor, action, subject FROM audit_entry
WHERE action IN ('invite_user', 'invite_user_again', 'change_role', 'add_machine', 'change_scopes', 'replace_secret',
               'confirm_user') AND entry > :after
ON CONFLICT DO NOTHING
"""


def _read(*, after: int) -> None:
    op.get_bind().execute(sa.text(READ), {"after": after})


def upgrade() -> None:
    """Add two columns that workers of the release before leave as they are, and fill them from the audit log.

    An identity that was bound to a user of another agency waits for a confirmation anew, and its sessions end. Several
    may wait for the same subject: who binds first keeps it from nobody. The log is long: it is read before anything is
    locked, and then what has come since.
    """
    op.execute("CREATE TEMP TABLE act (entry bigint PRIMARY KEY, actor text, action text, subject text) ON COMMIT DROP")
    seen = op.get_bind().scalar(sa.text("SELECT coalesce(max(entry), 0) FROM audit_entry"))
    _read(after=0)
    for name in ("givers", "handled_by"):
        op.add_column("console_user", sa.Column(name, sa.ARRAY(sa.Text), nullable=False, server_default="{}"))
    _read(after=seen)
    op.execute("""
        UPDATE console_user u SET givers = g.logins
        FROM (SELECT e.subject, array_agg(DISTINCT e.actor) AS logins FROM act e
              WHERE e.action <> 'confirm_user' AND NOT EXISTS (
                  SELECT FROM act c
                  WHERE c.subject = e.subject AND c.action = 'confirm_user' AND c.entry > e.entry)
              GROUP BY e.subject) g
        WHERE g.subject = 'console_user/' || u.user_id AND u.state <> 'active'
    """)
    op.execute("""
        UPDATE console_user u SET handled_by = g.logins
        FROM (SELECT subject, array_agg(DISTINCT actor) AS logins FROM act
              WHERE action IN ('add_machine', 'change_scopes', 'replace_secret', 'confirm_user') GROUP BY subject) g
        WHERE g.subject = 'console_user/' || u.user_id AND u.role = 'machine'
    """)
    op.execute("""
        DELETE FROM console_session WHERE identity_id IN (
            SELECT i.identity_id FROM identity i JOIN console_user u USING (user_id)
            WHERE i.agency_id IS DISTINCT FROM u.agency_id)
    """)
    op.execute("""
        UPDATE identity i SET confirmed_by = NULL, confirmed_at = NULL FROM console_user u
        WHERE u.user_id = i.user_id AND i.agency_id IS DISTINCT FROM u.agency_id AND i.ended_at IS NULL
    """)
    _index("ended_at IS NULL AND confirmed_at IS NOT NULL")


def downgrade() -> None:
    """Remove them; no two identities of a subject may be open."""
    _index("ended_at IS NULL")
    for name in ("handled_by", "givers"):
        op.drop_column("console_user", name)

"""task details, sign-out and the login limit

Expand only: what is new is nullable or has a default in the database, so that pods of the release before keep
inserting and reading while this one rolls out. Constant defaults do not rewrite the tables.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("token_version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("tasks", sa.Column("notes", sa.Text()))
    op.add_column("tasks", sa.Column("priority", sa.String(6), nullable=False, server_default="medium"))
    op.add_column("tasks", sa.Column("tags", postgresql.ARRAY(sa.String(40)), nullable=False, server_default="{}"))
    op.add_column("tasks", sa.Column("due_date", sa.Date()))
    op.create_check_constraint("ck_tasks_priority", "tasks", "priority IN ('low', 'medium', 'high')")
    # Not CONCURRENTLY: that cannot run in the transaction that makes a migration all or nothing. Writers wait
    # for the build, which takes about a second per million tasks.
    op.create_index("ix_tasks_user_id_due_date", "tasks", ["user_id", "due_date"])
    op.create_table(
        "login_attempts",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_login_attempts_since", "login_attempts", ["since"])


def downgrade() -> None:
    op.drop_table("login_attempts")
    op.drop_index("ix_tasks_user_id_due_date", "tasks")
    op.drop_constraint("ck_tasks_priority", "tasks")
    for column in ("due_date", "tags", "priority", "notes"):
        op.drop_column("tasks", column)
    op.drop_column("users", "token_version")

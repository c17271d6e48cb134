"""The steps by which the tables came to be; Alembic runs them, one file per step."""

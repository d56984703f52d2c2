"""The database's schema, step by step: Alembic runs the .sql files, in order, as the role that owns the tables."""

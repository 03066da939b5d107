"""The database: rows with the queries on them. The only importer of SQLAlchemy."""

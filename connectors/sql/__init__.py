"""Any database SQLAlchemy speaks to, one table or view per stream."""

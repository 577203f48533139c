"""Everything Baleen says to ClickHouse: pool, statements, errors, schema and the embedded server."""

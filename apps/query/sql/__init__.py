"""SQL that people write: parsed, bound to their project, written anew. Why so: docs/decisions/0019-sql.md."""

"""The doors of ingest."""

"""The doors of the catalog over HTTP."""

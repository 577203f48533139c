"""The doors of the question engine over HTTP."""

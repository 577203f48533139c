"""The step that tells what an event's address, user agent and URL say about it, where the sender did not.

One file a subject, each a pure function of text with a memory of what it was asked last; `step` applies them.
"""

from apps.ingest.enrichment.step import enrich

__all__ = ["enrich"]

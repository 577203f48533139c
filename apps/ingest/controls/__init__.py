"""A project's rules for what comes in, applied before anything is stored: `apply` is the one choke point."""

from apps.ingest.controls.admission import apply, take_back
from apps.ingest.controls.contracts import Controls, Facts, Outcome
from apps.ingest.controls.selectors import for_project

__all__ = ["Controls", "Facts", "Outcome", "apply", "for_project", "take_back"]

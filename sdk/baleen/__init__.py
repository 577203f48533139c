"""Send events to a Baleen server: `Baleen("phc_...", "https://baleen.example").capture("signed up", "user-1")`."""

from baleen._client import Baleen

__all__ = ["Baleen"]
__version__ = "0.1.0"

"""Changes: prices of a project, and pricing stored calls again."""

from apps.llm.services.prices import create_price, delete_price, purge_project, update_price
from apps.llm.services.repricings import resume_repricings, run_repricing, start_repricing

__all__ = [
    "create_price",
    "delete_price",
    "purge_project",
    "resume_repricings",
    "run_repricing",
    "start_repricing",
    "update_price",
]

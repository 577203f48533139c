"""Every page of the dashboard."""

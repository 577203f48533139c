"""REST of accounts; private to the app, wired by analytics."""

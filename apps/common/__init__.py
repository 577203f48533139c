"""What every app may use and that knows no app: errors, clock, ids, jobs, HTTP shapes."""

"""Who may do what: organizations, projects, members with roles, keys and the audit log."""

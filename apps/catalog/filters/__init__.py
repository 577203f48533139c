"""The property-filter language: one notation (`schema`) and its reader in SQL (`sql`). Pure: no I/O, no Django."""

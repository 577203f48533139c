"""Taking events and persons out: whole, in formats that other tools read."""

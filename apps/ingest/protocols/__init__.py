"""The wire formats we take events in; each module turns bytes into the same few shapes."""

"""The commands of the composition root: `up` and `demo`."""

"""The embedded ClickHouse: a native-protocol server on loopback in front of the chDB engine.

It lets one machine run the same code on the same protocol as a cluster. Nothing in this package imports
Django, so that the server process stays light.
"""

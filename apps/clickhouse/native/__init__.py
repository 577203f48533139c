"""Columns written in ClickHouse's own Native format, whole columns at a time.

The driver packs a value at a time, in Python; for 50,000 events a second that is too dear, and properties sent as JSON
text cost the engine ten times what the same properties cost it as columns. What is laid out here goes into the table as
it is. Source: ClickHouse's src/Formats/NativeWriter.cpp and src/DataTypes/Serializations.
"""

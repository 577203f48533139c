"""Events that were refused: finding them, and sending them through the door again."""

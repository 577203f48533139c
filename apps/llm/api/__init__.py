"""REST of llm."""

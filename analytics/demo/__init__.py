"""A believable AI chat product to explore Baleen with: `story` invents it, `send` tells it through a real SDK."""

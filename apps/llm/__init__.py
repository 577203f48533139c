"""Generations and embeddings: what each call of a model cost, and the long texts that went in and came out."""

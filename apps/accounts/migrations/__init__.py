"""Migrations of the metadata tables, written by Django."""

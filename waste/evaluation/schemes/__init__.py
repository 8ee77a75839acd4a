"""Evaluation schemes: versioned data, one file each."""

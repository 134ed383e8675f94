"""What this library consists of, and what is generated from it."""

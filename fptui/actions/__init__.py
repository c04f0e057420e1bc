"""What a user can ask for: start, resume, stop. Commands and dashboard call the same functions."""

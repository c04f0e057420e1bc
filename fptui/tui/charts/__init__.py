"""Drawing as pure functions: data and a size in, rows out."""

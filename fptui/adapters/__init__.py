"""One outside thing each, and the only importer of its library."""

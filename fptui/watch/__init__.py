"""Reading what runs wrote, again and again, into frozen values for screens and commands."""

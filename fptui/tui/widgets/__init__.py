"""The parts of screens: each draws rows from frozen values that its screen hands it."""

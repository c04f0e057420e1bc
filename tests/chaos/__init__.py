"""The fault campaign of autostop: seeded nights in simulated time, the real guard's code, a real service over HTTP."""

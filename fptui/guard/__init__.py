"""The guard: one detached process a pod, which stops it when the work is over."""

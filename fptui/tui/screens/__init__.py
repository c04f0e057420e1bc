"""The screens. A screen owns its state and hands it down to its panels; panels send messages and actions up."""

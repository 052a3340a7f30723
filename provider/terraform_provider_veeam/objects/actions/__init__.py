"""The actions, one a file: something to do that leaves no state."""

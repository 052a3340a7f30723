"""The calls of the protocol, a file for each kind of object. A method is named as its call."""

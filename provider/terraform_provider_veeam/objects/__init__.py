"""What a user writes in HCL, one object a file, its methods in the protocol's order."""

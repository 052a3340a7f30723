"""From Python values to the protocol's messages, and back. Asks no object of the provider."""

"""Where galleries are kept. `protocol` says what every store does; `choice` finds the store that an address names."""

"""What a synthetic person wears: cuts, patterns and colours."""

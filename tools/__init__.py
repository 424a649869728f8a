"""What a maintainer runs: making what the package brings."""

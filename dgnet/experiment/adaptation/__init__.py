"""The parts of `dgnet adapt`: its images, its judge and its page."""

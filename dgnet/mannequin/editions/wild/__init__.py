"""The edition `wild`: everything that changes between real images and does not say who somebody is, drawn at random."""

"""The objectives of DG-Net as pure functions of tensors.

Every function takes *doubled* batches of 2B images: one half for the direction (i, j), then one for (j, i). It returns
the sum of the two halves' means, which is twice the mean over the doubled batch.
"""

"""The objectives of DG-Net as pure functions of tensors.

Every function takes *doubled* batches (the directions (i, j) and (j, i) one after the other, 2B images) and returns
the sum over both directions of the mean over each: twice the mean over the doubled batch.
"""

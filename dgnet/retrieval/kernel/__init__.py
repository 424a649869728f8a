"""The arithmetic of retrieval: products, blocks, neighbours, sparse matrices. Only `dgnet.retrieval` imports it."""

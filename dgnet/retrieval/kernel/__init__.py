"""The arithmetic of retrieval: products, blocks, neighbours, sparse matrices. `dgnet.retrieval` alone imports it."""

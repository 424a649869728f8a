"""Parts about ranked galleries."""

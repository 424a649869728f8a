"""Who is who: entries of a gallery grouped into people, over cameras and tracks."""

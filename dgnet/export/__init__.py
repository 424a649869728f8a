"""Models for other programs: ONNX files of the re-id features, and running them."""

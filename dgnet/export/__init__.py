"""Models for other programs: writing the networks that compute re-id features as ONNX files, and running such files."""

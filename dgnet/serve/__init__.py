"""The HTTP service and its page. All of it needs the extra `serve`; `dgnet.cli.serve` says so where that is missing."""

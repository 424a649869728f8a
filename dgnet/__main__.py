"""`python -m dgnet`: the command line."""

from dgnet.cli import main

if __name__ == "__main__":
    main()

"""`python -m arlarena_bench` is the command `arlarena`."""

from arlarena_bench.cli import main

if __name__ == "__main__":
    main()

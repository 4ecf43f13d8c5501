"""`arlarena new`: the first version of a method or an environment, with tests that pass."""

"""Our environments as other frameworks want them: TRL, verifiers, OpenEnv, Inspect.

Each module needs the package that it is for, and no other does.
"""

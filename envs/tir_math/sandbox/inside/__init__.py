"""The code that runs on the far side: standard library only, imported as the package `inside`."""

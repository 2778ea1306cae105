"""The test cluster: kind, with everything it needs built here where nothing can be pulled.

Standard library only, since it runs before anything else is installed.
"""

"""A thin asynchronous client for the few Kubernetes requests that Scanyard makes.

Raw JSON over one aiohttp session: 0.1-0.3 ms of CPU a call on the hot path, where the typed
models of the `kubernetes` package cost 0.4-0.9 ms. That package still finds and refreshes the
credentials.
"""

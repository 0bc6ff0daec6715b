"""The entry points that the command line calls.

``citypulse simulate``       → ``asyncio.run(simulate(SimulateOptions(...)))``
``citypulse simulate city``  → ``write_city(path, seed=…)``
``citypulse replay``         → ``asyncio.run(replay(ReplayOptions(...)))``

Both coroutines show progress on standard error, end on SIGTERM and SIGINT (or when ``stop`` is
set), say offline and disconnect before they return. Exit with 0 when ``summary.complete``, else
with 1: then readings were lost, refused or left unacknowledged.
"""

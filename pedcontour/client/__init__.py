"""A client of the service: send a series, wait, fetch the results. Needs httpx and nothing else.

::

    client = Client("http://127.0.0.1:8000")
    job = client.submit(Path("ct-series"), absent=["Kidney_L"])
    client.wait(job.id, on_progress=lambda job: print(job.stage, job.progress))
    client.download(job.id, Path("results"))
    waiting = [job.id for job in client.jobs(states=["queued"])]
"""

from pedcontour.client.answers import ENDED, JobEvent, RemoteJob
from pedcontour.client.client import Client

__all__ = ["ENDED", "Client", "JobEvent", "RemoteJob"]

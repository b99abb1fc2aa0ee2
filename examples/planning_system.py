"""Contours from within a planning system: export the CT, send it, wait, import the RTSTRUCT.

In RayStation, run it as a script with a patient and an examination open: it exports the examination's CT, and imports
the contours into the case. Anywhere else, also as a step of an Eclipse-side script that exports and imports by itself,
name two folders:

    python planning_system.py --ct exported-ct/ --out contours/

It needs Python 3.6 or later and nothing else, as planning systems bring a Python of their own and no packages. The
calls of RayStation's scripting interface are in `export_ct` and `import_contours`: adapt these two to another system.

PEDCONTOUR_URL is the address of the service, PEDCONTOUR_API_KEY the key where it asks for one, PEDCONTOUR_OPTIONS
further options of the request, such as `names=our-clinic&absent=Kidney_L`.
"""

import argparse
import http.client
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.parse
import zipfile

try:
    import connect  # RayStation's own module; there is none outside of it
except ImportError:
    connect = None

URL = os.environ.get("PEDCONTOUR_URL", "http://127.0.0.1:8000")
OPTIONS = {"profile": "raystation" if connect else "generic", "outputs": "rtstruct"}
POLL_S = 2.0
PATIENCE_S = 60.0
"""How long to go on asking a service that does not answer: it may be restarting, and it keeps the job."""


class ServiceError(Exception):
    """The service refused or could not do it; the message says why, and never who the patient is."""


class SilenceError(ServiceError):
    """The service did not answer, or not now."""


# --- The planning system -----------------------------------------------------------------------------------------


def export_ct(folder):
    """Export the CT of the examination that is open into a folder (RayStation)."""
    patient, case = connect.get_current("Patient"), connect.get_current("Case")
    examination = connect.get_current("Examination")
    patient.Save()  # RayStation exports saved patients only
    case.ScriptableDicomExport(
        ExportFolderPath=folder, Examinations=[examination.Name], IgnorePreConditionWarnings=True
    )


def import_contours(folder):
    """Import the RTSTRUCT in a folder into the case that is open (RayStation)."""
    patient, case = connect.get_current("Patient"), connect.get_current("Case")
    patient.ImportDicomDataFromPath(Path=folder, CaseName=case.CaseName, SeriesFilter={}, ImportFilters=[])


def tell(sentence):
    """Say how far it is, on the terminal and in RayStation's progress window."""
    print(sentence)
    if connect and hasattr(connect, "set_progress"):
        connect.set_progress(sentence)


# --- The service -------------------------------------------------------------------------------------------------


def ask(method, path, archive=None):
    """One request; returns the bytes of the answer. Raises ServiceError with the code and the sentence of the problem,
    and SilenceError when there is no answer or a part of the service is down for a moment."""
    address = urllib.parse.urlsplit(URL)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.netloc, timeout=120)
    try:
        connection.putrequest(method, address.path.rstrip("/") + path)
        if os.environ.get("PEDCONTOUR_API_KEY"):
            connection.putheader("X-API-Key", os.environ["PEDCONTOUR_API_KEY"])
        if archive:
            connection.putheader("Content-Type", "application/zip")
            connection.putheader("Content-Length", str(os.path.getsize(archive)))
        connection.endheaders()
        if archive:
            send_file(connection, archive)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise SilenceError("no answer from {} ({})".format(URL, type(error).__name__)) from None
    finally:
        connection.close()
    if answer.status == 503:
        raise SilenceError("{} is down for a moment".format(URL))
    if answer.status >= 400:
        raise ServiceError(told(content, answer.status))
    return content


def send_file(connection, path):
    """Send a file as the body. A service that refuses it at once stops reading, and its answer can be read still."""
    with open(path, "rb") as file:
        try:
            for block in iter(lambda: file.read(1 << 20), b""):
                connection.send(block)
        except (BrokenPipeError, ConnectionResetError, ConnectionAbortedError):
            pass


def told(content, status):
    """A problem document in a line."""
    try:
        problem = json.loads(content.decode("utf-8"))
        return "{}: {} {}".format(problem["code"], problem["title"], problem.get("detail") or "").strip()
    except (ValueError, KeyError):
        return "{} answered {}".format(URL, status)


def send(ct, scratch):
    """Zip the files of a folder and send them; returns the job's id. File names stay here: they may name a patient."""
    archive = os.path.join(scratch, "ct.zip")
    files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(ct) for name in names)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        for number, path in enumerate(files):
            content.write(path, "{:06}.dcm".format(number))
    options = dict(OPTIONS, **dict(urllib.parse.parse_qsl(os.environ.get("PEDCONTOUR_OPTIONS", ""))))
    ask("GET", "/v1/models")  # a wrong address or key is told before a whole CT is sent
    return document(ask("POST", "/v1/jobs?" + urllib.parse.urlencode(options), archive))["id"]


def document(content):
    """A JSON document."""
    return json.loads(content.decode("utf-8"))


def wait(job_id):
    """Ask until the job is done; returns its document. A job that is interrupted here is stopped there."""
    heard = time.time()
    try:
        while True:
            try:
                job, heard = document(ask("GET", "/v1/jobs/" + job_id)), time.time()
            except SilenceError:
                if time.time() - heard > PATIENCE_S:
                    raise
            else:
                tell("{} {} {:.0f} %".format(job["state"], job["stage"], 100 * job["progress"]))
                if job["state"] == "done":
                    return job
                if job["state"] in ("failed", "cancelled"):
                    problem = job["problem"] or {"code": "CANCELLED", "title": ""}
                    raise ServiceError("{code}: {title}".format(**problem))
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        ask("POST", "/v1/jobs/{}/cancel".format(job_id))
        raise


def fetch(job_id, out):
    """Download the RTSTRUCT into a folder."""
    if not os.path.isdir(out):
        os.makedirs(out)
    content = ask("GET", "/v1/jobs/{}/results/rtstruct.dcm".format(job_id))
    part = os.path.join(out, "rtstruct.part")
    with open(part, "wb") as file:
        file.write(content)
    os.replace(part, os.path.join(out, "rtstruct.dcm"))


def summary(job):
    """What a planner must know before using the contours."""
    drawn = ("present", "present_uncertain", "partial", "truncated_by_field_of_view")
    missing = [verdict for verdict in job["verdicts"] if verdict["outcome"] not in (*drawn, "not_requested")]
    return [
        "AI-generated, not reviewed. Not for clinical use without local validation.",
        *("not drawn: {roi_name}, {outcome}: {reason}".format(**verdict) for verdict in missing),
        *job["warnings"],
    ]


# --- Both together -----------------------------------------------------------------------------------------------


def contour(ct, out, scratch):
    """The contours of the CT in one folder, as an RTSTRUCT in another."""
    tell("sending")
    job = wait(send(ct, scratch))
    fetch(job["id"], out)
    for line in summary(job):
        print(line)


def main():
    """0 when the contours are there; else 1, and the reason on standard error."""
    parser = argparse.ArgumentParser(description="Contours of a CT from a pedcontour service, as an RTSTRUCT.")
    parser.add_argument("--ct", help="folder with the exported CT; without it, RayStation exports it")
    parser.add_argument("--out", help="folder for the RTSTRUCT; without it, RayStation imports it")
    asked = parser.parse_args()
    if not connect and not (asked.ct and asked.out):
        parser.error("outside RayStation, --ct and --out are needed")
    scratch = tempfile.mkdtemp(prefix="pedcontour-")  # holds images of a patient, so it is removed whatever happens
    try:
        ct, out = asked.ct or os.path.join(scratch, "ct"), asked.out or os.path.join(scratch, "contours")
        if not asked.ct:
            os.mkdir(ct)
            export_ct(ct)
        contour(ct, out, scratch)
        if not asked.out:
            import_contours(out)
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

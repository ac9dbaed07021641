"""In a notebook, run by a real kernel: a link to the run, and what cells print is kept."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from sdk.training import run_of
from support.server import ROOT, Http, Server

PYTHON = ROOT / ".venv-loggers/bin/python"
RUN = """
import json, nbclient, nbformat
cells = ["import assay; run = assay.init(name='in <b>cells</b>'); print(run.id)",
         "print('from a cell'); run.log({'loss': 0.5})",
         "run.finish()"]
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
print(json.dumps([output for cell in notebook.cells for output in cell.outputs]))
"""


def test_a_notebook_shows_where_its_run_is(home: Path, server: Server, http: Http) -> None:
    env = {**os.environ, "ASSAY_HOME": str(home), "PYTHONPATH": str(ROOT / "src"), "ASSAY_CAPTURE": "console"}
    env["JUPYTER_PATH"] = str(PYTHON.parents[1] / "share/jupyter")
    ran = subprocess.run([PYTHON, "-c", RUN], env=env, capture_output=True, text=True, check=False, timeout=180)
    assert ran.returncode == 0, ran.stderr[-3_000:]
    outputs = json.loads(ran.stdout.splitlines()[-1])
    (shown,) = [output["data"]["text/html"] for output in outputs if output["output_type"] == "display_data"]
    (uid, *_) = "".join(output["text"] for output in outputs if output.get("name") == "stdout").split()
    assert f'href="{server.url}/runs/{uid}"' in shown
    assert "in &lt;b&gt;cells&lt;/b&gt;" in shown
    run = run_of(http, uid)
    assert (run["status"], run["metrics"]["loss"]["last"]) == ("finished", 0.5)
    lines = http.request("GET", f"/api/v1/runs/{uid}/console").json["lines"]
    assert "from a cell" in [text for _, _, text in lines]

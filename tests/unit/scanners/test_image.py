"""The Dockerfile and the constants that Pods are built from agree."""

from __future__ import annotations

from pathlib import Path

from scanyard.scanners import image

_FOLDER = Path(__file__).parents[3] / "scanner-image"
_DOCKERFILE = (_FOLDER / "Dockerfile").read_text()


def test_the_dockerfile_makes_what_the_constants_promise() -> None:
    for text in (
        f"/usr/bin/python3.11 {image.NET_RAW_PYTHON}",
        f"setcap cap_net_raw+ep {image.NET_RAW_PYTHON}",
        f"run.py {Path(image.RUNNER_SCRIPT).parent}/\n",
        f"USER {image.USER_ID}:{image.USER_ID}\n",
        f"WORKDIR {image.WORK_DIRECTORY}\n",
        f'ENTRYPOINT ["{image.PLAIN_PYTHON}", "-I", "-S", "{image.RUNNER_SCRIPT}"]',
    ):
        assert text in _DOCKERFILE


def test_the_start_script_holds_signals_before_it_imports_the_rest() -> None:
    script = (_FOLDER / "run.py").read_text()
    assert script.index("hold_signals()\n") < script.index("import main")
    assert f'"{Path(image.RUNNER_SCRIPT).parent}"' in script

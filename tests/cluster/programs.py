"""The programs: those on the PATH, else built by Go from modules pinned in go/ or go-helm-docs/."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from tests.cluster import command, fingerprint, host, lock
from tests.cluster.console import step
from tests.cluster.errors import ClusterError, CommandError
from tests.cluster.settings import HERE, KUBERNETES_VERSION, Settings

SOURCE = HERE / "go"
#: Programs whose modules are pinned apart from the others, which need not be built anew for them.
_APART = {"helm-docs": HERE / "go-helm-docs"}
_PACKAGES = {
    "kind": "sigs.k8s.io/kind",
    "pause": "./pause",
    "kubernetes": "./kubernetes",
    "coredns": "./coredns",
    "helm": "helm.sh/helm/v4/cmd/helm",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform",
    "helm-docs": "github.com/norwoodj/helm-docs/cmd/helm-docs",
}
NODE_PROGRAMS = ("kubernetes", "coredns", "pause")
_OLDEST_GO = (1, 25)


def tool(settings: Settings, name: str) -> Path:
    """A tool's place: on the PATH, else built now. Linked into ``settings.tools`` either way."""
    program = "kubernetes" if name == "kubectl" else name
    target = _on_path(settings, name) or built(settings, program)[program]
    link = settings.tools / name
    if not link.exists() or link.resolve() != target.resolve():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    return link


def built(settings: Settings, *names: str) -> dict[str, Path]:
    """These programs, from the cache or built in one go; all of one module."""
    source = _APART.get(names[0], SOURCE)
    folder = settings.cache / "programs" / fingerprint.of(source, _link_flags())
    paths = {name: folder / name for name in names}
    if all(path.exists() for path in paths.values()):
        return paths
    with lock.held(settings, f"building {names[0]}"):
        missing = [name for name in names if not paths[name].exists()]
        if missing:
            _require_go(missing)
            host.require_space(settings.cache, gib=15)
            folder.mkdir(parents=True, exist_ok=True)
            _build(settings, missing, source, folder)
    return paths


def module_folder(module: str) -> Path:
    """Where Go keeps a module's source (downloaded now if need be)."""
    _require_go([module])
    with step(f"fetching the module {module}"):
        command.run(["go", "mod", "download", module], what="go mod download", folder=SOURCE)
    listed = command.run(
        ["go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module],
        what="go list",
        folder=SOURCE,
    )
    return Path(listed.strip())


def _on_path(settings: Settings, name: str) -> Path | None:
    """What the user installed; our own links may be on the PATH as well, and do not count."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    theirs = [folder for folder in folders if Path(folder) != settings.tools]
    found = shutil.which(name, path=os.pathsep.join(theirs))
    return Path(found) if found else None


def _build(settings: Settings, names: list[str], source: Path, folder: Path) -> None:
    listed = ", ".join(names)
    slow = " (minutes, the first time)" if set(names) & {"kubernetes", "helm"} else ""
    # Built aside and renamed: an interrupted build must not leave half a program.
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        with step(f"building {listed}{slow}"):
            command.run(
                [
                    "go",
                    "build",
                    "-trimpath",
                    "-mod=readonly",
                    "-ldflags",
                    _link_flags(),
                    "-o",
                    f"{aside}/",
                    *(_PACKAGES[name] for name in names),
                ],
                what="go build",
                log=settings.logs / f"build-{names[0]}.log",
                environment={"CGO_ENABLED": "0"},
                folder=source,
            )
        for name in names:
            (Path(aside) / name).rename(folder / name)


def _link_flags() -> str:
    """The version that Kubernetes programs report, as the Kubernetes makefile sets it."""
    major, minor = KUBERNETES_VERSION.removeprefix("v").split(".")[:2]
    values = {"gitVersion": KUBERNETES_VERSION, "gitMajor": major, "gitMinor": minor}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    flags = [f"-X {package}.{key}={value}" for package in packages for key, value in values.items()]
    return " ".join(["-s -w", *flags])


def _require_go(names: list[str]) -> None:
    needed = ".".join(map(str, _OLDEST_GO))
    try:
        version = command.run(["go", "env", "GOVERSION"], what="go env").strip()
    except (ClusterError, CommandError) as error:
        raise ClusterError(
            f"{', '.join(names)} must be built, which needs Go {needed} or newer: install Go, "
            "or install Docker, kind, helm and kubectl and let them pull a kindest/node image."
        ) from error
    found = re.match(r"go(\d+)\.(\d+)", version)
    if found and tuple(map(int, found.groups())) < _OLDEST_GO:
        raise ClusterError(f"Go {needed} or newer is needed, and this is {version}: upgrade Go.")

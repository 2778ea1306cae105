"""python3 -m tests.cluster: the test cluster from one command."""

import argparse
import os
import signal
import sys
from collections.abc import Callable

from tests.cluster import cluster, engine, host, images, loading, lock, programs, schemas, settings
from tests.cluster.console import paint, say, step
from tests.cluster.errors import ClusterError

TOOLS = ("kind", "kubectl", "helm", "kubeconform", "helm-docs")


def main() -> int:
    # So that "kill" cleans up like Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = _parser().parse_args()
    try:
        chosen = settings.from_environment(os.environ, options.name)
        command: Callable[[settings.Settings, argparse.Namespace], None] = options.command
        command(chosen, options)
    except ClusterError as error:
        say(f"{paint('error:', 31)} {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; nothing half-made is left")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tests.cluster", description=__doc__)
    parser.add_argument("--name", help="the cluster's name (SCANYARD_CLUSTER, else scanyard)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, command: Callable[[settings.Settings, argparse.Namespace], None], text: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=command)
        return added

    add("up", _up, "bring the cluster up").add_argument(
        "--nodes", type=int, help="so many (default: as many as there are, else two)"
    )
    add("down", _down, "remove the cluster; caches stay").add_argument(
        "--keep-engine", action="store_true", help="leave the Docker engine running"
    )
    add("load", _load, "bring images from Docker into the nodes").add_argument("image", nargs="+")
    build = add("images", _images, "build the project's images and load them")
    build.add_argument("image", nargs="*", choices=[[], *images.BY_NAME], help="all, if none")
    build.add_argument("--no-load", action="store_true", help="only build")
    add("status", _status, "what runs")
    add("kubeconfig", _kubeconfig, "print the kubeconfig's path")
    add("tools", _tools, f"build what is missing of {', '.join(TOOLS)}; print their folder")
    add("packages", _packages, "install the Debian packages that the integration tests need")
    add("schemas", _schemas, "make kubeconform's schemas; print their folder")
    return parser


def _up(chosen: settings.Settings, options: argparse.Namespace) -> None:
    with lock.held(chosen, f"cluster {chosen.name}"):
        cluster.up(chosen, options.nodes)
    print(chosen.kubeconfig)


def _down(chosen: settings.Settings, options: argparse.Namespace) -> None:
    with lock.held(chosen, f"cluster {chosen.name}"):
        cluster.down(chosen, keep_engine=options.keep_engine)


def _load(chosen: settings.Settings, options: argparse.Namespace) -> None:
    with lock.held(chosen, f"cluster {chosen.name}"):
        loading.load(chosen, options.image)


def _images(chosen: settings.Settings, options: argparse.Namespace) -> None:
    with lock.held(chosen, "images"):
        engine.ensure(chosen)
        names = images.build(chosen, options.image or list(images.BY_NAME))
    if chosen.existing_kubeconfig and not options.no_load:
        say("  - an existing cluster: bring the images to where it pulls from")
    elif not options.no_load:
        with lock.held(chosen, f"cluster {chosen.name}"):
            loading.load(chosen, names)


def _status(chosen: settings.Settings, _options: argparse.Namespace) -> None:
    if not engine.answers():
        print("engine: none answers")
        return
    nodes = cluster.nodes(chosen)
    healthy = bool(nodes) and cluster.is_healthy(chosen)
    print(f"engine: answers\nnodes: {', '.join(nodes) or 'none'}")
    print(f"API server: {'answers' if healthy else 'does not answer'}")
    print(f"kubeconfig: {chosen.kubeconfig}")


def _kubeconfig(chosen: settings.Settings, _options: argparse.Namespace) -> None:
    print(chosen.kubeconfig)


def _tools(chosen: settings.Settings, _options: argparse.Namespace) -> None:
    for name in TOOLS:
        programs.tool(chosen, name)
    # The crash points' API server; built here, since a test would time out over it.
    programs.built(chosen, "kubernetes")
    print(chosen.tools)


def _packages(chosen: settings.Settings, _options: argparse.Namespace) -> None:
    host.ensure_packages(chosen, host.TEST_PROGRAMS)


def _schemas(chosen: settings.Settings, _options: argparse.Namespace) -> None:
    with lock.held(chosen, "schemas"), step("making kubeconform's schemas"):
        folder = schemas.ensure(chosen)
    print(folder)


if __name__ == "__main__":
    sys.exit(main())
